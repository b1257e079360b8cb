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
