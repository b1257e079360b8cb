// Sends the one form of the page on its way; without scripts its button does.
document.getElementById('answer').submit();
