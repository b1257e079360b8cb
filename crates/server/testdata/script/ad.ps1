#Requires -Version 3.0
#Requires -Modules ActiveDirectory

# The gate's account in Active Directory. Printed by `wicketgate script ad`; wicketgate runs none of it.
#
# Read it, replace what is marked REPLACE, then, as a domain administrator:
#     .\ad.ps1 -WhatIf      says what would be done, and does nothing
#     .\ad.ps1              does it; a second time changes nothing
#     .\ad.ps1 -RollKey     makes a new key and keytab: once a year, and whenever somebody may have read the old one
# The way back is at the end.

# -WhatIf reaches every line that changes something.
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    # Makes a new key for an account that has one: the old keytab stops working at once.
    [switch]$RollKey,
    # Where the keytab is written; bring it to the gate by a safe way and delete it here.
    [string]$Keytab = 'wicketgate.keytab',
    # The account that the gate reads the directory with.
    [string]$ReaderAccount = 'svc-wicketgate-read'
)

# A typing mistake or a failed line ends the script: half a delegation is worse than none.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# ---- What the gate's configuration says

# The domain (`names.domain`).
$Domain = 'CONTOSO'

# Its Kerberos realm (`names.dns_domain`).
$Realm = 'CONTOSO.LOCAL'

# REPLACE: the gate's account; the configuration names none, this one is a proposal.
$GatewayAccount = 'wicketgate$'

# The published names: clients ask for tickets to them, and the gate takes those.
$PublishedSpns = @(
    'HTTP/autodiscover.contoso.com',
    'HTTP/lyncdir.contoso.com',
    'HTTP/lyncdiscover.contoso.com',
    'HTTP/lyncweb.contoso.com',
    'HTTP/mail.contoso.com',
    'HTTP/meet.contoso.com'
)

# REPLACE: the farm `dir01` has no SPN in the configuration. It is the one of the dedicated account that its service runs under, never of a server.
# REPLACE: the farm `exchange` has no SPN in the configuration. It is the one of the dedicated account that its service runs under, never of a server.
# REPLACE: the farm `pool01` has no SPN in the configuration. It is the one of the dedicated account that its service runs under, never of a server.
# The services that the gate may reach as a user: exactly these, and nothing else.
$BackEndSpns = @(
    'HTTP/REPLACE-dir01',
    'HTTP/REPLACE-exchange',
    'HTTP/REPLACE-pool01'
)

# The servers that the gate connects to: none of their own accounts may be delegated to.
$ServerNames = @(
    'dir01.contoso.local',
    'exch01.contoso.local',
    'exch02.contoso.local',
    'pool01.contoso.local'
)

