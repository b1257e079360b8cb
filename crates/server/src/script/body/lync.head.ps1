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
