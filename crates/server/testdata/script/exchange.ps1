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

# ---- Before anything is changed

# A value that nobody replaced would end in IIS.
foreach ($value in @($PublishedHost, $CertificateThumbprint) + @($SiteHosts)) {
    if ($value -match 'REPLACE') { throw "Replace $value above first." }
}

# A name that leads to Exchange on the LAN would take the clients inside to the external site (they would need the gate then).
foreach ($name in $SiteHosts) {
    if (@(Resolve-DnsName -Name $name -ErrorAction SilentlyContinue).Count -gt 0) {
        Write-Warning "$name resolves here. A name of the external site must not: take it out of the DNS inside, or take another."
    }
}

# The directories that clients inside use; they are read, and never changed.
$source = Join-Path $env:ExchangeInstallPath 'FrontEnd\HttpProxy'

# ---- The site

# Cmdlets of IIS.
Import-Module WebAdministration

# A site needs a folder.
if (-not (Test-Path -LiteralPath $Root)) {
    New-Item -ItemType Directory -Path $Root -WhatIf:$WhatIfPreference | Out-Null
}

# Bound by name: a request that names another host never reaches it.
if (-not (Get-Website -Name $Site)) {
    New-Website -Name $Site -PhysicalPath $Root -HostHeader $SiteHosts[0] -Port 443 -Ssl -SslFlags 1 -WhatIf:$WhatIfPreference | Out-Null
}

# Each name has a binding and the certificate that the gate verifies. SNI (1) keeps the bindings of other sites as they are.
foreach ($name in $SiteHosts) {
    if ((Get-Website -Name $Site) -and -not (Get-WebBinding -Name $Site -Protocol https -HostHeader $name)) {
        New-WebBinding -Name $Site -Protocol https -Port 443 -HostHeader $name -SslFlags 1 -WhatIf:$WhatIfPreference
    }
    if ($PSCmdlet.ShouldProcess($name, "Bind the certificate $CertificateThumbprint")) {
        (Get-WebBinding -Name $Site -Protocol https -HostHeader $name).AddSslCertificate($CertificateThumbprint, 'My')
    }
}

# ---- The copies

# A new virtual directory shares folder and web.config with the original unless it has a folder of its own: then a change
# for outside would be a change for inside.
$copies = @{ ews = "$source\ext-ews"; autodiscover = "$source\ext-autodiscover"; sync = "$source\ext-sync" }
foreach ($folder in $copies.Keys) {
    if (-not (Test-Path -LiteralPath $copies[$folder])) {
        Copy-Item -LiteralPath "$source\$folder" -Destination $copies[$folder] -Recurse -WhatIf:$WhatIfPreference
    }
}

# ---- The directories

# EWS, with the address that clients outside are told.
if (-not (Get-WebServicesVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like "*($Site)" })) {
    New-WebServicesVirtualDirectory -WebSiteName $Site -Path $copies['ews'] -ExternalUrl "https://$PublishedHost/EWS/Exchange.asmx" -WindowsAuthentication $true -BasicAuthentication $false -WhatIf:$WhatIfPreference
}

# Autodiscover, where mail clients and Lync begin.
if (-not (Get-AutodiscoverVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like "*($Site)" })) {
    New-AutodiscoverVirtualDirectory -WebSiteName $Site -Path $copies['autodiscover'] -WindowsAuthentication $true -BasicAuthentication $false -WhatIf:$WhatIfPreference
}

# ActiveSync, for phones.
if (-not (Get-ActiveSyncVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like "*($Site)" })) {
    New-ActiveSyncVirtualDirectory -WebSiteName $Site -Path $copies['sync'] -ExternalUrl "https://$PublishedHost/Microsoft-Server-ActiveSync" -WhatIf:$WhatIfPreference
}

# ---- Windows authentication, and Extended Protection on the right directories only

# The gate brings a Kerberos token and binds it to its own TLS connection: here, and only here, a token without the right
# binding is somebody else's. The directories of the Default Web Site keep what they have.
Get-WebServicesVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like "*($Site)" } |
    Set-WebServicesVirtualDirectory -WindowsAuthentication $true -BasicAuthentication $false -ExtendedProtectionTokenChecking Require -WhatIf:$WhatIfPreference

# Phones send Basic to the gate, and the gate sends Kerberos: ActiveSync takes Windows authentication only when told so.
Get-ActiveSyncVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like "*($Site)" } |
    Set-ActiveSyncVirtualDirectory -WindowsAuthEnabled $true -BasicAuthEnabled $false -ExtendedProtectionTokenChecking Require -WhatIf:$WhatIfPreference

# Exchange supports no Extended Protection on Autodiscover.
Get-AutodiscoverVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like "*($Site)" } |
    Set-AutodiscoverVirtualDirectory -WindowsAuthentication $true -BasicAuthentication $false -ExtendedProtectionTokenChecking None -WhatIf:$WhatIfPreference

# ---- Look at it

# The paths must differ from those of the Default Web Site, one by one.
Get-WebServicesVirtualDirectory -Server $env:COMPUTERNAME | Format-List Name, Path, ExternalUrl, WindowsAuthentication, ExtendedProtectionTokenChecking
Get-AutodiscoverVirtualDirectory -Server $env:COMPUTERNAME | Format-List Name, Path, WindowsAuthentication, ExtendedProtectionTokenChecking
Get-ActiveSyncVirtualDirectory -Server $env:COMPUTERNAME | Format-List Name, Path, ExternalUrl, WindowsAuthEnabled, ExtendedProtectionTokenChecking

# Kerberos towards a farm needs one account that all its servers share (the alternate service account), which holds the SPN of
# the farm. Where the line below shows none, make one:
#     & "$env:ExchangeInstallPath\Scripts\RollAlternateServiceAccountPassword.ps1" -ToArrayMembers ... -GenerateNewPasswordFor 'DOMAIN\EXCHASA$'
#     setspn -S HTTP/THE-SPN-OF-THE-CONFIGURATION DOMAIN\EXCHASA$
# On Exchange 2013 the cmdlet is Get-ClientAccessServer.
if (Get-Command Get-ClientAccessService -ErrorAction SilentlyContinue) {
    Get-ClientAccessService -Identity $env:COMPUTERNAME -IncludeAlternateServiceAccountCredentialStatus | Format-List Name, AlternateServiceAccountConfiguration
}

# ---- The way back
#
# Lead the gate's farm to the Default Web Site again, then, on each server:
#     Get-WebServicesVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like '*(Wicketgate External)' } | Remove-WebServicesVirtualDirectory
#     Get-AutodiscoverVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like '*(Wicketgate External)' } | Remove-AutodiscoverVirtualDirectory
#     Get-ActiveSyncVirtualDirectory -Server $env:COMPUTERNAME | Where-Object { $_.Name -like '*(Wicketgate External)' } | Remove-ActiveSyncVirtualDirectory
#     Remove-Website -Name 'Wicketgate External'
#     Remove-Item -Recurse the folders ext-ews, ext-autodiscover and ext-sync below FrontEnd\HttpProxy
# Nothing of the Default Web Site was changed.
