# ---- Before anything is changed

# A value that nobody replaced would end in the directory.
foreach ($value in @($KerberosAccount, $StsMetadataUri) + @($PoolSpns)) {
    if ($value -match 'REPLACE') { throw "Replace $value above first." }
}

# The web services that the gate publishes; others are left as they are. Those in passive mode take no Kerberos token.
$published = @(Get-CsService -WebServer | Where-Object { $WebHosts -contains "$($_.ExternalFqdn)" })
$passive = @($published | Where-Object { $PassiveHosts -contains "$($_.ExternalFqdn)" })
$services = @($published | Where-Object { $PassiveHosts -notcontains "$($_.ExternalFqdn)" })

# A published name that no pool calls its own is a name by which no client comes back: Topology Builder sets it.
foreach ($name in $WebHosts) {
    if (@($published | Where-Object { "$($_.ExternalFqdn)" -eq $name }).Count -eq 0) {
        Write-Warning "No web service has the external name ${name}: Set-CsWebServer -Identity POOL -ExternalFqdn $name, then Enable-CsTopology."
    }
}

# ---- The account that tickets are for

# Lync's web services run as the machine, and delegation never goes to a machine: they need an account of their own. It is a
# computer account that no computer has, so that nobody can lock it.
$sam = ($KerberosAccount -split '\\')[-1]
$isNew = @(Get-ADComputer -LDAPFilter "(sAMAccountName=$sam`$)").Count -eq 0
if ($isNew -and $services.Count -gt 0) {
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
if (($isNew -or $isAssigned -or $RollKey) -and $services.Count -gt 0) {
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

# ---- Passive mode

# Passive on, Windows none, certificates on: as long as a pool offers a Windows logon, no client shows the page. It is a setting
# of the service, so that pools beside it stay as they are.
foreach ($service in $passive) {
    $identity = "Service:$($service.Identity)"
    $metadata = $AdfsMetadataUris["$($service.ExternalFqdn)"]
    if (-not $metadata) { $metadata = $StsMetadataUri }
    $values = @{
        Identity = $identity
        UseWsFedPassiveAuth = $true
        WsFedPassiveMetadataUri = $metadata
        UseWindowsAuth = 'None'
        UseCertificateAuth = $true
        WhatIf = $WhatIfPreference
    }
    # A configuration of its own is made once; afterwards it is set.
    if (@(Get-CsWebServiceConfiguration | Where-Object { "$($_.Identity)" -eq $identity }).Count -eq 0) {
        New-CsWebServiceConfiguration @values
    } else {
        Set-CsWebServiceConfiguration @values
    }
}

# SIP knows nothing of the page: there a certificate is what is left, which clients get with their ticket. The Edge is told the
# same by the script `edge`.
foreach ($service in $passive) {
    $identity = "Service:Registrar:$($service.PoolFqdn)"
    $values = @{
        Identity = $identity
        UseNtlmForClientToProxyAuth = $false
        UseKerberosForClientToProxyAuth = $false
        UseCertificateForClientToProxyAuth = $true
        WhatIf = $WhatIfPreference
    }
    # A configuration of its own is made once; afterwards it is set.
    if (@(Get-CsProxyConfiguration | Where-Object { "$($_.Identity)" -eq $identity }).Count -eq 0) {
        New-CsProxyConfiguration @values
    } else {
        Set-CsProxyConfiguration @values
    }
}

# Phones must not sign in to Exchange by themselves, which takes no passive token: a policy of its own, for the people of these
# pools alone.
if ($passive.Count -gt 0) {
    if (@(Get-CsMobilityPolicy | Where-Object { "$($_.Identity)" -eq 'Tag:PassiveMode' }).Count -eq 0) {
        New-CsMobilityPolicy -Identity 'PassiveMode' -AllowExchangeConnectivity $false -WhatIf:$WhatIfPreference
    }
    Write-Warning "Give the people of the passive pools the mobility policy: Get-CsUser | Where-Object { `$_.RegistrarPool -like 'POOL' } | Grant-CsMobilityPolicy -PolicyName PassiveMode"
}

# ---- Look at it

# Passive pools: UseWsFedPassiveAuth True, UseWindowsAuth None, UseCertificateAuth True, and the address of the metadata.
Get-CsWebServiceConfiguration | Format-List Identity, UseWindowsAuth, UseCertificateAuth, UseWsFedPassiveAuth, WsFedPassiveMetadataUri

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
#
# A passive pool is active again, its people ask Exchange again, and SIP takes what its site or the global configuration says:
#     Set-CsWebServiceConfiguration -Identity 'Service:WebServer:NAME' -UseWsFedPassiveAuth $false -UseWindowsAuth Negotiate
#     Remove-CsProxyConfiguration -Identity 'Service:Registrar:NAME'
#     Remove-CsMobilityPolicy -Identity 'PassiveMode'
