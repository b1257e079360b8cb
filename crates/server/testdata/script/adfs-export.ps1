#Requires -Version 3.0

# What AD FS says of its trusts, for `wicketgate trust import-adfs`. Printed by `wicketgate script adfs-export`; wicketgate runs none of it.
#
# It reads, and writes nothing but one folder of files, one for each cmdlet. Run it on a federation server, as an administrator of
# AD FS, and bring the folder to a machine with wicketgate:
#     .\adfs-export.ps1                writes CLIXML, which loses nothing
#     .\adfs-export.ps1 -As Json       writes JSON, which is easier on the eye; a few settings are numbers in it
#     wicketgate trust import-adfs adfs-export --dry-run
# No private key is in it. There is no way back, as nothing is changed: delete the folder.

param(
    # The folder that is written.
    [string]$Folder = 'adfs-export',
    # How the files are written.
    [ValidateSet('Clixml', 'Json')]
    [string]$As = 'Clixml'
)

