#Requires -Version 3.0

# Lync's side: its web services take Kerberos tokens of an account of their own, or, in passive mode, a security token service's word.
# Printed by `wicketgate script lync`; wicketgate runs none of it.
#
# Run it in the Lync Server (Skype for Business Server) Management Shell, as a member of RTCUniversalServerAdmins and of the
# domain's administrators:
#     .\lync.ps1 -WhatIf      says what would be done, and does nothing
#     .\lync.ps1              does it; a second time changes nothing but the account's password
# The way back is at the end.

# -WhatIf reaches every line that changes something.
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    # Also where the account has a password already: every front end gets the new one at once.
    [switch]$RollKey
)

# A failed line ends the script: front ends with different keys refuse tokens at random.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# ---- What the gate's configuration says

# The domain (`names.domain`).
$Domain = 'CONTOSO'

# Its Kerberos realm (`names.dns_domain`).
$Realm = 'CONTOSO.LOCAL'

# The published names of Lync's web services, one for each pool and Director (`web_host`).
$WebHosts = @(
    'lyncdir.contoso.com',
    'lyncweb.contoso.com'
)

# Those of pools in passive mode (`passive = true`).
$PassiveHosts = @()

# Where the metadata of the security token service is: no pool takes its tokens.
$StsMetadataUri = ''

# Where that of the AD FS is whose tokens a passive pool takes (`passive_adfs`), by the pool's published name.
$AdfsMetadataUris = @{}

# REPLACE: the account that all front ends of a site decrypt tickets with; the cmdlets want it without `$`.
$KerberosAccount = 'CONTOSO\LyncKerb'

# The SPNs by which the gate asks for tokens to them, beside those that Enable-CsTopology writes.
$PoolSpns = @()

