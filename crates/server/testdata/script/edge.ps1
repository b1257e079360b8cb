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

