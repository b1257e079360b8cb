# ---- Before anything is changed

# A value that nobody replaced would end in the directory.
foreach ($value in @($GatewayAccount) + @($BackEndSpns)) {
    if ($value -match 'REPLACE') { throw "Replace $value above first." }
}

# Only the name of a computer account ends in a dollar sign, and only a computer account cannot be locked out: five wrong
# passwords that a stranger sends for a user account would stop every sign-in through the gate.
if (-not $GatewayAccount.EndsWith('$')) { throw "$GatewayAccount is not the name of a computer account." }

# In a filter of LDAP these characters have a meaning of their own.
function Get-Holder([string]$Spn) {
    $safe = $Spn.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29')
    Get-ADObject -LDAPFilter "(servicePrincipalName=$safe)" -Properties sAMAccountName, objectClass, servicePrincipalName, 'msDS-SupportedEncryptionTypes'
}

# A machine's own account holds HOST/...: whoever may act there as a user may act as them in every service of the machine.
function Get-MachineName([object[]]$Holders) {
    foreach ($holder in $Holders) {
        foreach ($spn in $holder.servicePrincipalName) {
            if ($spn -like 'HOST/*') { $holder.sAMAccountName; break }
        }
    }
}

# ---- The account

# The name without the dollar sign is the name of the object.
$name = $GatewayAccount.TrimEnd('$')

# Nothing is created twice.
$gateway = Get-ADComputer -LDAPFilter "(sAMAccountName=$GatewayAccount)"
$isNew = $null -eq $gateway

# No DNS name: no machine answers to it, and Windows would add HOST/... of its own.
if ($isNew) {
    New-ADComputer -Name $name -SAMAccountName $GatewayAccount -Enabled $true -Description 'Wicketgate: acts as users towards Lync and Exchange' -WhatIf:$WhatIfPreference
    $gateway = Get-ADComputer -LDAPFilter "(sAMAccountName=$GatewayAccount)"
}

# With -WhatIf a new account is not there, and what follows has nothing to look at.
if ($null -eq $gateway) {
    Write-Warning "$GatewayAccount does not exist yet; the rest is said once it does."
    return
}

# 24 is AES-128 and AES-256: without it AD gives out RC4, which the gate does not take. It is set before the key is made.
Set-ADComputer -Identity $gateway -Replace @{ 'msDS-SupportedEncryptionTypes' = 24 } -WhatIf:$WhatIfPreference

# ---- The published names belong to the gate

# A name that two accounts hold works for neither, so that whoever holds it first must give it up.
foreach ($spn in $PublishedSpns) {
    $others = @(Get-Holder $spn | Where-Object { $_.sAMAccountName -ne $GatewayAccount })
    if ($others.Count -gt 0) {
        throw "$spn is held by $($others[0].sAMAccountName). Published names belong to the gate: setspn -D $spn $($others[0].sAMAccountName)"
    }
    Set-ADComputer -Identity $gateway -ServicePrincipalNames @{ Add = $spn } -WhatIf:$WhatIfPreference
}

# ---- What the gate may do as a user

# A service is held by exactly one account, and that account is not a machine's.
foreach ($spn in $BackEndSpns) {
    $holders = @(Get-Holder $spn)
    if ($holders.Count -ne 1) { throw "$spn is held by $($holders.Count) accounts; it must be one: setspn -Q $spn" }
    $machines = @(Get-MachineName $holders)
    if ($machines.Count -gt 0) { throw "$spn is held by the machine account $($machines[0]): run the service under an account of its own." }
    # Where no account holds HTTP/..., AD takes HOST/... for it; that one must not be a configured server's either.
    $hostPart = ($spn -split '/')[1]
    if ($ServerNames -contains $hostPart) { Write-Warning "$spn names a server; $($holders[0].sAMAccountName) holds it, which is no machine." }
    # A ticket to it must be AES, and its owner sets that, not the gate.
    $types = $holders[0].'msDS-SupportedEncryptionTypes'
    if ($null -eq $types -or ($types -band 24) -eq 0) {
        Write-Warning "$($holders[0].sAMAccountName) has no AES: Set-ADObject '$($holders[0].DistinguishedName)' -Replace @{ 'msDS-SupportedEncryptionTypes' = 24 }, then a new password."
    }
}

# Protocol transition: users sign in by app password, so that there is no ticket of theirs to pass on.
Set-ADAccountControl -Identity $gateway -TrustedToAuthForDelegation $true -WhatIf:$WhatIfPreference

# Exactly these services: whatever else stood in the list goes.
Set-ADComputer -Identity $gateway -Replace @{ 'msDS-AllowedToDelegateTo' = [string[]]$BackEndSpns } -WhatIf:$WhatIfPreference

# Never any service at all, whatever somebody clicked.
Set-ADAccountControl -Identity $gateway -TrustedForDelegation $false -WhatIf:$WhatIfPreference

# ---- The account that reads the directory

# Another account than the gate's, so that the password that is kept for it can do nothing but read. Everybody in the domain
# may read what the gate reads; it gets no group and no right.
if (@(Get-ADUser -LDAPFilter "(sAMAccountName=$ReaderAccount)").Count -eq 0) {
    if ($PSCmdlet.ShouldProcess($ReaderAccount, 'Create the account that reads the directory')) {
        $password = Read-Host -AsSecureString -Prompt "A long random password for $ReaderAccount (configure the same at the gate)"
        New-ADUser -Name $ReaderAccount -SamAccountName $ReaderAccount -AccountPassword $password -Enabled $true -CannotChangePassword $true -PasswordNeverExpires $true -Description 'Wicketgate: reads accounts'
    }
}

# Nobody acts as it, either.
if (@(Get-ADUser -LDAPFilter "(sAMAccountName=$ReaderAccount)").Count -eq 1) {
    Set-ADAccountControl -Identity $ReaderAccount -AccountNotDelegated $true -WhatIf:$WhatIfPreference
}

# ---- The key

# The salt of a computer's key is made from its name ([MS-KILE] 3.1.1.2); ktpass would take another one.
$salt = "$($Realm.ToUpperInvariant())host$($name.ToLowerInvariant()).$($Realm.ToLowerInvariant())"

# A random password that nobody sees. The keytab is as good as the account: it leaves this machine by a safe way, then goes.
if (($isNew -or $RollKey) -and $PSCmdlet.ShouldProcess($GatewayAccount, "Make a new key and write $Keytab")) {
    & ktpass.exe /princ "$GatewayAccount@$Realm" /mapuser "$Domain\$GatewayAccount" /ptype KRB5_NT_PRINCIPAL /crypto AES256-SHA1 /pass +rndPass /rawsalt $salt -SetUpn +Answer /out $Keytab
    if ($LASTEXITCODE -ne 0) { throw "ktpass ended with $LASTEXITCODE; the account may have a new password already: run this again with -RollKey." }
}

# ---- Look at it

# What the account has: one line a fact, to compare with the values above.
Get-ADComputer -Identity $gateway -Properties servicePrincipalName, 'msDS-AllowedToDelegateTo', 'msDS-SupportedEncryptionTypes', TrustedToAuthForDelegation, TrustedForDelegation, PasswordLastSet |
    Format-List Name, Enabled, TrustedToAuthForDelegation, TrustedForDelegation, PasswordLastSet, 'msDS-SupportedEncryptionTypes', servicePrincipalName, 'msDS-AllowedToDelegateTo'

# Names that two accounts hold, in the whole forest: there must be none of the gate's or of its back ends.
& setspn.exe -X -F

# On the gate, the key is taken over with:  wicketgate ad keytab --from wicketgate.keytab
# the keytab is tried with:                kinit -k -t /etc/wicketgate/wicketgate.keytab 'ACCOUNT$@REALM'
# and the rest with:                       wicketgate script facts, wicketgate doctor --facts

# ---- The way back
#
# Taking delegation away stops every sign-in to the back ends at once, and changes nothing else:
#     Set-ADComputer -Identity NAME -Clear 'msDS-AllowedToDelegateTo'
#     Set-ADAccountControl -Identity NAME -TrustedToAuthForDelegation $false
# Published names go back to whoever had them:
#     setspn -D HTTP/PUBLISHED-NAME NAME$
# The accounts go, and with them every key that was made:
#     Remove-ADComputer -Identity NAME
#     Remove-ADUser -Identity READER
