# ---- What is read

# What could not be read; the doctor repeats it.
$problems = @()

# A moment, so that the age of a password can be told.
$facts = [ordered]@{
    format = 'wicketgate-facts'
    version = 1
    computer = "$env:COMPUTERNAME"
    written = (Get-Date).ToFileTimeUtc()
}

# ---- Exchange

# Where each directory lies, what it asks for, and what it demands of a channel.
if (Get-Command Get-WebServicesVirtualDirectory -ErrorAction SilentlyContinue) {
    try {
        # By kind, as each has a cmdlet of its own.
        $found = [ordered]@{
            ews = @(Get-WebServicesVirtualDirectory -ErrorAction Stop)
            autodiscover = @(Get-AutodiscoverVirtualDirectory -ErrorAction Stop)
            activesync = @(Get-ActiveSyncVirtualDirectory -ErrorAction Stop)
            mapi = @(Get-MapiVirtualDirectory -ErrorAction Stop)
            oab = @(Get-OabVirtualDirectory -ErrorAction Stop)
        }
        $directories = @(foreach ($kind in $found.Keys) {
            foreach ($directory in $found[$kind]) {
                # What Exchange says; each kind calls it otherwise.
                $protection = "$($directory.ExtendedProtectionTokenChecking)"
                $windows = $directory.WindowsAuthentication
                if ($kind -eq 'activesync') { $windows = $directory.WindowsAuthEnabled }
                if ($kind -eq 'mapi') { $windows = "$($directory.IISAuthenticationMethods)" -match 'Negotiate|Windows' }
                # What IIS does counts more, and can be read where IIS is this machine's.
                if (("$($directory.Server)" -eq "$env:COMPUTERNAME") -and ("$($directory.Name)" -match '^(?<app>.+) \((?<site>.+)\)$')) {
                    $place = "$($Matches['site'])/$($Matches['app'])"
                    $filter = 'system.webServer/security/authentication/windowsAuthentication'
                    $iis = Get-WebConfiguration -PSPath 'MACHINE/WEBROOT/APPHOST' -Location $place -Filter $filter -ErrorAction SilentlyContinue
                    $bound = Get-WebConfiguration -PSPath 'MACHINE/WEBROOT/APPHOST' -Location $place -Filter "$filter/extendedProtection" -ErrorAction SilentlyContinue
                    if ($iis) { $windows = $iis.enabled }
                    if ($bound) { $protection = "$($bound.tokenChecking)" }
                }
                [ordered]@{
                    kind = $kind
                    server = "$($directory.Server)"
                    name = "$($directory.Name)"
                    path = "$($directory.Path)"
                    external_url = "$($directory.ExternalUrl)"
                    windows_authentication = [bool]$windows
                    extended_protection = $protection
                }
            }
        })
        $facts['exchange'] = [ordered]@{ directories = $directories }
    } catch {
        $problems += "exchange: $($_.Exception.Message)"
    }
}

# ---- Lync

# Which services there are, what they are called outside, and what they sign people in by.
if (Get-Command Get-CsWebServiceConfiguration -ErrorAction SilentlyContinue) {
    try {
        $services = @(foreach ($service in @(Get-CsService -WebServer -ErrorAction Stop) + @(Get-CsService -Registrar) + @(Get-CsService -EdgeServer)) {
            [ordered]@{
                identity = "$($service.Identity)"
                site = "$($service.SiteId)"
                external_fqdn = "$($service.ExternalFqdn)"
            }
        })
        $web = @(foreach ($it in @(Get-CsWebServiceConfiguration)) {
            [ordered]@{
                identity = "$($it.Identity)"
                use_windows_auth = "$($it.UseWindowsAuth)"
                use_passive_auth = [bool]$it.UseWsFedPassiveAuth
            }
        })
        $proxy = @(foreach ($it in @(Get-CsProxyConfiguration)) {
            [ordered]@{
                identity = "$($it.Identity)"
                ntlm = [bool]$it.UseNtlmForClientToProxyAuth
                kerberos = [bool]$it.UseKerberosForClientToProxyAuth
                certificate = [bool]$it.UseCertificateForClientToProxyAuth
            }
        })
        $mobility = @(foreach ($it in @(Get-CsMobilityPolicy)) {
            [ordered]@{
                identity = "$($it.Identity)"
                enable_mobility = [bool]$it.EnableMobility
                allow_exchange_connectivity = [bool]$it.AllowExchangeConnectivity
                allow_save_credentials = [bool]$it.AllowSaveCredentials
            }
        })
        $kerberos = @(foreach ($it in @(Get-CsKerberosAccountAssignment)) {
            [ordered]@{
                identity = "$($it.Identity)"
                account = "$($it.UserAccount)"
            }
        })
        $facts['lync'] = [ordered]@{
            services = $services
            web_service = $web
            proxy = $proxy
            mobility = $mobility
            kerberos_accounts = $kerberos
        }
    } catch {
        $problems += "lync: $($_.Exception.Message)"
    }
}

# ---- Active Directory

# The gate's account, and whoever holds a name that the gate takes or asks for.
if (Get-Command Get-ADObject -ErrorAction SilentlyContinue) {
    try {
        $wanted = 'sAMAccountName', 'objectClass', 'userAccountControl', 'msDS-SupportedEncryptionTypes', 'servicePrincipalName', 'msDS-AllowedToDelegateTo', 'pwdLastSet', 'dNSHostName'
        $accounts = @{}
        $delegates = @()
        # In a filter of LDAP these characters have a meaning of their own.
        $safe = $GatewayAccount.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29')
        foreach ($account in @(Get-ADObject -LDAPFilter "(sAMAccountName=$safe)" -Properties $wanted -ErrorAction Stop)) {
            $accounts["$($account.DistinguishedName)"] = $account
            $delegates += @($account.'msDS-AllowedToDelegateTo')
        }
        # Also by HOST/..., which stands for HTTP/... where no account holds that.
        $names = @(foreach ($spn in @($PublishedSpns) + @($BackEndSpns) + $delegates) {
            if ($spn) { "$spn"; "HOST/$(("$spn" -split '/')[1])" }
        })
        foreach ($spn in $names) {
            $safe = $spn.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29')
            foreach ($account in @(Get-ADObject -LDAPFilter "(servicePrincipalName=$safe)" -Properties $wanted)) {
                $accounts["$($account.DistinguishedName)"] = $account
            }
        }
        $listed = @(foreach ($account in $accounts.Values) {
            [ordered]@{
                name = "$($account.sAMAccountName)"
                class = "$($account.objectClass)"
                user_account_control = $account.userAccountControl
                encryption_types = $account.'msDS-SupportedEncryptionTypes'
                password_last_set = $account.pwdLastSet
                dns_host_name = "$($account.dNSHostName)"
                spns = @(foreach ($it in $account.servicePrincipalName) { "$it" })
                delegates_to = @(foreach ($it in $account.'msDS-AllowedToDelegateTo') { "$it" })
            }
        })
        $facts['ad'] = [ordered]@{
            gateway = $GatewayAccount
            accounts = $listed
        }
    } catch {
        $problems += "ad: $($_.Exception.Message)"
    }
}

# ---- The file

# What could not be read is said, so that silence means something.
$facts['problems'] = @($problems)
$facts | ConvertTo-Json -Depth 6 | Out-File -FilePath $File -Encoding utf8
