# ---- What is read

# A failed line ends the script: half an export would look like a whole one.
$ErrorActionPreference = 'Stop'

# A folder of its own, so that no file of an earlier export stays between these.
$null = mkdir $Folder

# Each answer, whole: certificates and endpoints are objects inside the trusts, so that the depth matters.
$answers = [ordered]@{
    'Get-AdfsProperties' = @(Get-AdfsProperties)
    'Get-AdfsRelyingPartyTrust' = @(Get-AdfsRelyingPartyTrust)
    'Get-AdfsClaimsProviderTrust' = @(Get-AdfsClaimsProviderTrust)
    'Get-AdfsClaimDescription' = @(Get-AdfsClaimDescription)
    'Get-AdfsEndpoint' = @(Get-AdfsEndpoint)
}

# A file for each, under the cmdlet's name.
foreach ($name in $answers.Keys) {
    if ($As -eq 'Json') {
        ConvertTo-Json -Depth 6 -InputObject $answers[$name] | Out-File -Encoding utf8 "$Folder\$name.json"
    } else {
        $answers[$name] | Export-Clixml -Depth 5 -Encoding UTF8 -Path "$Folder\$name.xml"
    }
}
