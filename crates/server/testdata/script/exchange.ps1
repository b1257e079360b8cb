#Requires -Version 3.0

# A site of Exchange for the gate alone, with its own copies of the EWS, Autodiscover and ActiveSync directories.
# Printed by `wicketgate script exchange`; wicketgate runs none of it.
#
# For whom: where the directories that clients inside use must not change at all. Without it the gate can as well use the
# Default Web Site, where only ActiveSync needs Windows authentication. MAPI over HTTP and the offline address book are
# not copied: whoever publishes them to Outlook outside stays on the Default Web Site.
#
# Run it in the Exchange Management Shell of each server of the farm:
#     .\exchange.ps1 -WhatIf      says what would be done, and does nothing
#     .\exchange.ps1              does it; a second time changes nothing
# The way back is at the end.

# -WhatIf reaches every line that changes something.
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    # The site's name in IIS; `wicketgate doctor` takes every site but Exchange's own two for such a site.
    [string]$Site = 'Wicketgate External',
    # The site's empty root.
    [string]$Root = 'C:\inetpub\wicketgate-external'
)

# A failed line ends the script: a site without its protection is worse than none.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# ---- What the gate's configuration says

# The published name of Exchange: what clients outside are told.
$PublishedHost = 'mail.contoso.com'

# The Host headers that the gate sends (`host_header`): the site is bound to them. They must not resolve on the LAN.
$SiteHosts = @(
    'outside.contoso.local'
)

# REPLACE: the thumbprint of the site's certificate; the gate verifies its name (`tls_name`).
$CertificateThumbprint = 'REPLACE'

