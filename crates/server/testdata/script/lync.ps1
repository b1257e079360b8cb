#Requires -Version 3.0

# Lync's side: its web services take Kerberos tokens of an account of their own.
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

# REPLACE: the account that all front ends of a site decrypt tickets with; the cmdlets want it without `$`.
$KerberosAccount = 'CONTOSO\LyncKerb'

# The SPNs by which the gate asks for tokens to them, beside those that Enable-CsTopology writes.
$PoolSpns = @()

# ---- Before anything is changed

# A value that nobody replaced would end in the directory.
foreach ($value in @($KerberosAccount) + @($PoolSpns)) {
    if ($value -match 'REPLACE') { throw "Replace $value above first." }
}

# The web services that the gate publishes; others are left as they are.
$services = @(Get-CsService -WebServer | Where-Object { $WebHosts -contains "$($_.ExternalFqdn)" })

# A published name that no pool calls its own is a name by which no client comes back: Topology Builder sets it.
foreach ($name in $WebHosts) {
    if (@($services | Where-Object { "$($_.ExternalFqdn)" -eq $name }).Count -eq 0) {
        Write-Warning "No web service has the external name ${name}: Set-CsWebServer -Identity POOL -ExternalFqdn $name, then Enable-CsTopology."
    }
}

# ---- The account that tickets are for

# Lync's web services run as the machine, and delegation never goes to a machine: they need an account of their own. It is a
# computer account that no computer has, so that nobody can lock it.
$sam = ($KerberosAccount -split '\\')[-1]
$isNew = @(Get-ADComputer -LDAPFilter "(sAMAccountName=$sam`$)").Count -eq 0
if ($isNew) {
    New-CsKerberosAccount -UserAccount $KerberosAccount -WhatIf:$WhatIfPreference
}

# AES before the password is made, as keys are made with the password.
if (@(Get-ADComputer -LDAPFilter "(sAMAccountName=$sam`$)").Count -eq 1) {
    Set-ADComputer -Identity $sam -Replace @{ 'msDS-SupportedEncryptionTypes' = 24 } -WhatIf:$WhatIfPreference
}

# Each site of Lync is told which account its front ends have.
$isAssigned = $false
foreach ($site in @($services | Select-Object -ExpandProperty SiteId -Unique)) {
    $assigned = @(Get-CsKerberosAccountAssignment | Where-Object { "$($_.Identity)" -eq "$site" })
    if ($assigned.Count -eq 0) {
        New-CsKerberosAccountAssignment -Identity "$site" -UserAccount $KerberosAccount -WhatIf:$WhatIfPreference
        $isAssigned = $true
    } elseif ("$($assigned[0].UserAccount)" -ne $KerberosAccount) {
        throw "$site has the account $($assigned[0].UserAccount) already: name that one above instead."
    }
}

# This writes the SPNs of the pools to the account.
if ($isAssigned) {
    Enable-CsTopology -WhatIf:$WhatIfPreference
}

# SPNs that Enable-CsTopology does not know; -S refuses one that another account holds.
foreach ($spn in $PoolSpns) {
    if ($PSCmdlet.ShouldProcess($spn, "Add it to $KerberosAccount")) {
        & setspn.exe -S $spn "$KerberosAccount`$"
        if ($LASTEXITCODE -ne 0) { throw "setspn ended with ${LASTEXITCODE}: somebody else holds $spn." }
    }
}

# A random password, which this brings to IIS of every front end.
if ($isNew -or $isAssigned -or $RollKey) {
    Set-CsKerberosAccountPassword -UserAccount $KerberosAccount -WhatIf:$WhatIfPreference
}

# ---- Windows authentication

# Negotiate: with NTLM alone no Kerberos token is taken, and with None the gate's is the sign-in that is missing.
foreach ($service in $services) {
    $identity = "Service:$($service.Identity)"
    $own = @(Get-CsWebServiceConfiguration | Where-Object { "$($_.Identity)" -eq $identity })
    $shared = Get-CsWebServiceConfiguration | Where-Object { "$($_.Identity)" -eq 'Global' }
    if ($own.Count -eq 1) {
        Set-CsWebServiceConfiguration -Identity $identity -UseWindowsAuth Negotiate -WhatIf:$WhatIfPreference
    } elseif ("$($shared.UseWindowsAuth)" -ne 'Negotiate') {
        Write-Warning "Global has UseWindowsAuth $($shared.UseWindowsAuth): Set-CsWebServiceConfiguration -Identity Global -UseWindowsAuth Negotiate, unless $identity has a site's configuration."
    }
}

# ---- Look at it

# Each site with the gate's pools must be there, with the account.
Get-CsKerberosAccountAssignment | Format-List Identity, UserAccount

# Whether every front end has the account's key.
foreach ($site in @($services | Select-Object -ExpandProperty SiteId -Unique)) {
    Test-CsKerberosAccountAssignment -Identity "$site" -Verbose
}

# ---- The way back
#
# The web services run as the machine again, and Kerberos to them stops; NTLM goes on:
#     Remove-CsKerberosAccountAssignment -Identity 'site:NAME'
#     Enable-CsTopology
#     Remove-ADComputer -Identity LyncKerb
