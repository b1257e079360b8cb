#Requires -Version 3.0

# What Windows says of itself, for `wicketgate doctor --facts`. Printed by `wicketgate script facts`; wicketgate runs none of it.
#
# It reads, and writes nothing but one file. What a machine has no cmdlets for is left out, so run it where each part is known:
# the Exchange Management Shell of each Exchange server, the Lync Server Management Shell of one front end, and a machine
# with the ActiveDirectory module. Bring the files to the gate:
#     wicketgate doctor --facts exch01.json --facts fe01.json --facts ad.json
# There is no way back, as nothing is changed: delete the file.

param(
    # The file that is written.
    [string]$File = "wicketgate-facts-$env:COMPUTERNAME.json"
)

# ---- What the gate's configuration says

# REPLACE: the gate's account; the configuration names none, this one is a proposal.
$GatewayAccount = 'wicketgate$'

# The published names: clients ask for tickets to them, and the gate takes those.
$PublishedSpns = @(
    'HTTP/autodiscover.contoso.com',
    'HTTP/lyncdir.contoso.com',
    'HTTP/lyncdiscover.contoso.com',
    'HTTP/lyncweb.contoso.com',
    'HTTP/mail.contoso.com',
    'HTTP/meet.contoso.com'
)

# The services that the gate may ask tokens for; their holders are read, too.
$BackEndSpns = @()

