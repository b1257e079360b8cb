#Requires -Version 3.0

# What SIP clients outside may sign in by. Printed by `wicketgate script edge`; wicketgate runs none of it.
#
# The gate stands before HTTP. SIP reaches the Edge past it, where NTLM would take domain passwords, guess by guess. With
# NTLM and Kerberos off there, a client signs in by the certificate that it got through the gate with its app password.
#
# Run it in the Lync Server (Skype for Business Server) Management Shell, inside; the Edge gets it by replication:
#     .\edge.ps1 -WhatIf      says what would be done, and does nothing
#     .\edge.ps1              does it; a second time changes nothing
# The way back is at the end.

# -WhatIf reaches every line that changes something.
[CmdletBinding(SupportsShouldProcess = $true)]
param()

# A failed line ends the script.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# What there is, read once.
$present = @(Get-CsProxyConfiguration)

# ---- The Edge

# Nothing but certificates: whoever comes from outside cannot reach a domain controller, so that Kerberos is of no use there.
foreach ($service in @(Get-CsService -EdgeServer)) {
    $identity = "Service:$($service.Identity)"
    $values = @{
        Identity = $identity
        UseNtlmForClientToProxyAuth = $false
        UseKerberosForClientToProxyAuth = $false
        UseCertificateForClientToProxyAuth = $true
        WhatIf = $WhatIfPreference
    }
    # A configuration of its own is made once; afterwards it is set.
    if (@($present | Where-Object { "$($_.Identity)" -eq $identity }).Count -eq 0) {
        New-CsProxyConfiguration @values
    } else {
        Set-CsProxyConfiguration @values
    }
}

# ---- The registrars

# The Edge hands sign-ins on, and the registrar is who asks: NTLM goes there, too. Kerberos stays for domain PCs inside, which
# are the only ones that can use it. Phones and PCs outside the domain need their certificate first.
foreach ($service in @(Get-CsService -Registrar)) {
    $identity = "Service:$($service.Identity)"
    $values = @{
        Identity = $identity
        UseNtlmForClientToProxyAuth = $false
        UseKerberosForClientToProxyAuth = $true
        UseCertificateForClientToProxyAuth = $true
        WhatIf = $WhatIfPreference
    }
    # A configuration of its own is made once; afterwards it is set.
    if (@($present | Where-Object { "$($_.Identity)" -eq $identity }).Count -eq 0) {
        New-CsProxyConfiguration @values
    } else {
        Set-CsProxyConfiguration @values
    }
}

# ---- Look at it

# NTLM must be False everywhere, Kerberos on every Edge.
Get-CsProxyConfiguration | Format-Table Identity, UseNtlmForClientToProxyAuth, UseKerberosForClientToProxyAuth, UseCertificateForClientToProxyAuth -AutoSize

# ---- The way back
#
# A service without a configuration of its own takes that of its site or the global one again:
#     Remove-CsProxyConfiguration -Identity 'Service:EdgeServer:NAME'
#     Remove-CsProxyConfiguration -Identity 'Service:Registrar:NAME'
