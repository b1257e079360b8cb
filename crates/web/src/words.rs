//! The words of all pages, in English and Swedish: one field a sentence, so that neither language can lack one.

use http::{HeaderMap, header};

use crate::cookie;

/// A table whose fields are sentences, and its two languages.
macro_rules! words {
    ($($(#[$doc:meta])* $key:ident: $english:literal, $swedish:literal;)*) => {
        /// All sentences in one language.
        #[derive(Debug, PartialEq, Eq)]
        pub(crate) struct Words {
            /// The language, as HTML names it.
            pub(crate) language: &'static str,
            $(pub(crate) $key: &'static str,)*
        }

        /// English.
        pub(crate) static ENGLISH: Words = Words { language: "en", $($key: $english,)* };
        /// Swedish.
        pub(crate) static SWEDISH: Words = Words { language: "sv", $($key: $swedish,)* };

        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($key), $english, $swedish),)*];
    };
}

words! {
    sign_in: "Sign in", "Logga in";
    sign_out: "Sign out", "Logga ut";
    next: "Next", "Nästa";
    begin_again: "Begin again", "Börja om";
    user_name: "User name or e-mail address", "Användarnamn eller e-postadress";
    secret: "Your secret for this page", "Din hemlighet för den här sidan";
    app_password: "Your app password", "Ditt applösenord";
    secret_or_app_password: "Your secret or an app password", "Din hemlighet eller ett applösenord";
    secret_hint: "Not your Windows password. This page never asks for that.", "Inte ditt Windows-lösenord. Den här sidan frågar aldrig efter det.";
    code: "Code from your token or app", "Kod från din dosa eller app";
    code_hint: "Six to eight digits. Without your token: a recovery code, or the code that the help desk gave you.", "Sex till åtta siffror. Utan din dosa: en återställningskod, eller koden som du fick av supporten.";
    send_code: "Send me a code", "Skicka en kod till mig";
    send_hint: "No token at hand? A code can be sent to your telephone or mailbox. It is good for five minutes, on this page.", "Ingen dosa till hands? En kod kan skickas till din telefon eller e-post. Den gäller i fem minuter, på den här sidan.";
    code_sent: "If a telephone number or an address of yours is known here, a code is on its way. Type it below.", "Om ett telefonnummer eller en adress till dig är känd här är en kod på väg. Skriv in den nedan.";
    keep_me_signed_in: "Keep me signed in", "Håll mig inloggad";
    keep_for: "In this browser, for at most", "I den här webbläsaren, i högst";
    keep_own: "Only on a device that nobody else uses.", "Bara på en enhet som ingen annan använder.";
    days: "days", "dygn";
    hours: "hours", "timmar";
    minutes: "minutes", "minuter";
    signing_in_as: "Signing in as", "Loggar in som";
    refused: "That did not match. Check what you typed and begin again.", "Det stämde inte. Kontrollera vad du skrev och börja om.";
    gone: "That took too long, or was sent twice. Begin again.", "Det tog för lång tid eller skickades två gånger. Börja om.";
    shut: "Nobody can sign in here from where you are.", "Ingen kan logga in här därifrån du är.";
    unavailable: "This cannot be checked now. Try again later.", "Det går inte att kontrollera just nu. Försök igen senare.";
    not_found: "There is no such page.", "Den sidan finns inte.";
    not_sent_here: "That form was not sent from a page of this site. Go back, load the page again and try once more.", "Formuläret skickades inte från en sida på den här webbplatsen. Gå tillbaka, ladda om sidan och försök igen.";
    welcome: "Welcome", "Välkommen";
    welcome_text: "Choose a secret that only you know, and connect an app or a token that shows codes.", "Välj en hemlighet som bara du känner till och anslut en app eller dosa som visar koder.";
    invitation_gone: "This invitation was used already, or has ended. Ask for another.", "Inbjudan har redan använts eller har gått ut. Be om en ny.";
    office: "Begin in the office", "Börja på kontoret";
    office_link: "Here for the first time, in the office? Begin without an invitation", "Här för första gången, på kontoret? Börja utan inbjudan";
    office_text: "In the office your browser can say who you are by your Windows sign-in, without a password.", "På kontoret kan din webbläsare tala om vem du är genom din Windows-inloggning, utan lösenord.";
    office_silent: "It did not, or that was not accepted. Use a computer of the office on which you are signed in to Windows, and a browser that knows this address as one of the intranet; or ask for an invitation.", "Det gjorde den inte, eller så godtogs det inte. Använd en dator på kontoret där du är inloggad i Windows och en webbläsare som vet att den här adressen hör till intranätet, eller be om en inbjudan.";
    office_not_first: "You have a way to sign in already, or there is no mail address to tell you by. Sign in with what you have, or ask for an invitation.", "Du har redan ett sätt att logga in, eller så saknas en e-postadress att underrätta dig på. Logga in med det du har eller be om en inbjudan.";
    choose_secret: "Choose your secret", "Välj din hemlighet";
    choose_hint: "At least 8 characters. Several words are easy to remember. Not your Windows password.", "Minst 8 tecken. Flera ord är lätta att minnas. Inte ditt Windows-lösenord.";
    secret_again: "The same again", "Samma igen";
    unequal: "The two are not the same.", "De två är inte lika.";
    too_short: "It is too short: at least 8 characters.", "Den är för kort: minst 8 tecken.";
    too_long: "It is too long: at most 128 characters.", "Den är för lång: högst 128 tecken.";
    unprintable: "It has something in it that no keyboard types.", "Den innehåller något som inget tangentbord skriver.";
    too_common: "Anybody would try that one first. Choose another.", "Den är bland de första som någon skulle gissa. Välj en annan.";
    own_name: "It is made of your own name. Choose another.", "Den består av ditt eget namn. Välj en annan.";
    disowned: "Somebody else knows that secret. Choose another.", "Någon annan kan den hemligheten. Välj en annan.";
    connect_app: "Connect your app", "Anslut din app";
    scan: "Scan this picture with an app that shows codes, or type the key into it.", "Läs av bilden med en app som visar koder, eller skriv in nyckeln i den.";
    key: "Key", "Nyckel";
    picture: "Picture with the key for your app", "Bild med nyckeln för din app";
    first_code: "The code that the app shows", "Koden som appen visar";
    wrong_code: "That code is not right. Wait for the next one and type it.", "Koden stämmer inte. Vänta på nästa och skriv in den.";
    too_many_codes: "Too many wrong codes. Wait a quarter of an hour.", "För många felaktiga koder. Vänta en kvart.";
    finish: "Finish", "Slutför";
    portal: "My devices and tokens", "Mina enheter och dosor";
    signed_in_as: "Signed in as", "Inloggad som";
    skip_link: "To the content", "Till innehållet";
    devices: "Devices and app passwords", "Enheter och applösenord";
    devices_text: "Each device or program has an app password of its own. Take away one that is lost; the others go on.", "Varje enhet eller program har ett eget applösenord. Ta bort det för en enhet som är borta; de andra fortsätter fungera.";
    no_devices: "You have no app passwords.", "Du har inga applösenord.";
    opens: "Opens", "Öppnar";
    last_used: "Last used", "Senast använt";
    from: "from", "från";
    from_where: "From", "Från";
    never: "never", "aldrig";
    until: "Until", "Till";
    no_end: "no end", "inget slut";
    revoked: "revoked", "borttaget";
    ended: "ended", "utgånget";
    revoke: "Revoke", "Ta bort";
    new_device: "New app password", "Nytt applösenord";
    device_name: "What the device is called", "Vad enheten heter";
    services: "What it opens", "Vad det öppnar";
    make: "Make", "Skapa";
    made: "Your new app password", "Ditt nya applösenord";
    made_once: "It is shown once. Type it into the device before you leave this page.", "Det visas en gång. Skriv in det i enheten innan du lämnar sidan.";
    made_how: "How to type it in", "Så skriver du in det";
    made_outlook: "Outlook: user name as above, this text as the password; let it be remembered.", "Outlook: användarnamn enligt ovan, den här texten som lösenord; låt programmet komma ihåg det.";
    made_lync: "Lync or Skype for Business: sign-in address and user name as above, this text as the password.", "Lync eller Skype för företag: inloggningsadress och användarnamn enligt ovan, den här texten som lösenord.";
    made_phone: "Phone: add an Exchange account, with this text as the password. With or without the dashes.", "Telefon: lägg till ett Exchange-konto med den här texten som lösenord. Med eller utan bindestreck.";
    user: "User name", "Användarnamn";
    sip_address: "Sign-in address", "Inloggningsadress";
    help_desk: "Help desk", "Support";
    home: "Home page", "Startsida";
    privacy: "Privacy", "Integritet";
    more: "More", "Mer";
    back: "Back", "Tillbaka";
    tokens: "Tokens and apps that show codes", "Dosor och appar som visar koder";
    no_tokens: "You have none.", "Du har inga.";
    state: "State", "Tillstånd";
    active: "in use", "används";
    pending: "waits for its first code", "väntar på första koden";
    blocked: "blocked", "spärrad";
    confirm: "Confirm", "Bekräfta";
    remove: "Remove", "Ta bort";
    new_token: "New app that shows codes", "Ny app som visar koder";
    token_name: "What you call it", "Vad du kallar den";
    sign_ins: "Recent sign-ins", "Senaste inloggningar";
    no_sign_ins: "There are none.", "Det finns inga.";
    when: "When", "När";
    to_what: "To what", "Till vad";
    result: "Result", "Resultat";
    signed_in: "signed in", "inloggad";
    refused_short: "refused", "nekad";
    not_me: "That was not me", "Det var inte jag";
    change_secret: "Change your secret", "Byt din hemlighet";
    old_secret: "Your secret as it is", "Din nuvarande hemlighet";
    new_secret: "The new secret", "Den nya hemligheten";
    change: "Change", "Byt";
    wrong_secret: "That is not your secret, or there were too many tries: sign out and in again, or ask the help desk.", "Det är inte din hemlighet, eller så har du försökt för många gånger: logga ut och in igen, eller fråga supporten.";
    said_revoked: "The app password is revoked. What used it is put out.", "Applösenordet är borttaget. Det som använde det är utloggat.";
    said_confirmed: "The app is connected.", "Appen är ansluten.";
    said_removed: "The token is removed.", "Dosan är borttagen.";
    not_me_done: "That sign-in is put out", "Inloggningen är utestängd";
    not_me_sessions: "Everybody else who was signed in as you is signed out.", "Alla andra som var inloggade som du är utloggade.";
    not_me_app_passwords: "These app passwords are revoked", "De här applösenorden är borttagna";
    not_me_tokens: "These tokens and apps are blocked", "De här dosorna och apparna är spärrade";
    not_me_passkeys: "These passkeys are removed", "De här nycklarna är borttagna";
    not_me_recovery: "The recovery codes are good no more", "Återställningskoderna gäller inte längre";
    not_me_temporary: "The code of the help desk is good no more", "Koden från supporten gäller inte längre";
    not_me_pin: "The PIN for NTLM is removed", "PIN-koden för NTLM är borttagen";
    not_me_destinations: "Codes do not go there any more", "Koder skickas inte längre dit";
    not_me_secret: "Your secret opens nothing any more, until you choose another", "Din hemlighet öppnar inget längre, förrän du väljer en annan";
    not_me_told: "Your administrators are told.", "Administratörerna är underrättade.";
    not_me_since: "All that was added to your account since that sign-in is taken away, whoever added it. What you are signed in with stays, unless it is the very thing that was used there.", "Allt som har lagts till på ditt konto sedan den inloggningen är borttaget, vem som än lade till det. Det du själv är inloggad med finns kvar, om det inte är just det som användes där.";
    not_me_remains: "What remains for you to do", "Det som återstår för dig att göra";
    not_me_choose: "Choose another secret at once, below. Once you are signed out nobody can sign in with the old one, you neither; then ask the help desk for an invitation.", "Välj genast en annan hemlighet här nedanför. När du väl är utloggad kan ingen logga in med den gamla, inte heller du; be då supporten om en inbjudan.";
    not_me_sign_in: "You are signed out yourself, as you were signed in with what is taken away. Sign in anew with something else, or ask the help desk for an invitation.", "Du är själv utloggad, eftersom du var inloggad med det som är borttaget. Logga in på nytt med något annat, eller be supporten om en inbjudan.";
    not_me_again: "Make anew what was yours among these.", "Skapa på nytt det som var ditt av detta.";
    not_me_look: "Look through what is left, and revoke what you do not know.", "Gå igenom det som finns kvar och ta bort det du inte känner igen.";
    not_me_older: "If an older sign-in among your latest ones is not known to you either, say the same of it: what was added before this one stays.", "Om det bland dina senaste inloggningar finns en äldre som du inte heller känner igen, säg detsamma om den: det som lades till före den här finns kvar.";
    secret_disowned: "It opens nothing, as you said that somebody else knows it. Choose another before you sign out.", "Den öppnar inget, eftersom du sa att någon annan känner till den. Välj en annan innan du loggar ut.";
    said_anew: "It is a while ago that you showed who you are. Sign in anew, with a code or a passkey, and you go on from there. What you were about to do was not done.", "Det var ett tag sedan du visade vem du är. Logga in på nytt med en kod eller en nyckel, så fortsätter du därifrån. Det du skulle göra blev inte gjort.";
    sign_in_anew: "Sign in anew", "Logga in på nytt";
    lease: "Outside the office", "Utanför kontoret";
    lease_until: "works until", "fungerar till";
    lease_lapsed: "waits: sign in here anew, with a code or a passkey, and it works again", "väntar: logga in här på nytt med en kod eller en nyckel, så fungerar det igen";
    lease_never: "opens nothing, as it was made before you first used a code or a passkey: make another", "öppnar inget, eftersom det skapades innan du först använde en kod eller en nyckel: skapa ett nytt";
    made_picture: "The app password as a picture: read it with the camera of the phone it is for, and paste the text that it shows.", "Applösenordet som bild: läs av den med kameran i telefonen som det är till för och klistra in texten som visas.";
    said_changed: "Your secret is changed. Sign in with the new one.", "Din hemlighet är bytt. Logga in med den nya.";
    said_signed_out: "You are signed out.", "Du är utloggad.";
    not_yours: "There is nothing of yours like that, or it is gone already.", "Det finns inget sådant som är ditt, eller så är det redan borta.";
    last_token: "This is your only token. Connect another one first.", "Det här är din enda dosa. Anslut en annan först.";
    bad_label: "Give it a name of 1 to 100 characters.", "Ge den ett namn på 1 till 100 tecken.";
    no_service: "Choose at least one thing that it opens.", "Välj minst en sak som det öppnar.";
    telephone: "Telephone for codes", "Telefon för koder";
    telephone_text: "Codes are sent to this number when you ask for one. A number that was set gets its first code after 72 hours, and the number before is told of it. Until then no code is sent to either.", "Koder skickas till det här numret när du ber om en. Ett nytt nummer får sin första kod efter 72 timmar, och det gamla numret får veta om bytet. Till dess skickas ingen kod till något av dem.";
    telephone_none: "You have no number.", "Du har inget nummer.";
    telephone_number: "Number", "Nummer";
    telephone_from: "Gets codes from", "Får koder från";
    telephone_new: "New number", "Nytt nummer";
    telephone_hint: "In the international form, as +46 70 123 45 67. You are signed out everywhere when it is set.", "Med landsnummer, som +46 70 123 45 67. Du loggas ut överallt när det anges.";
    telephone_set: "Set the number", "Ange numret";
    telephone_wrong: "That is no number in the international form, as +46 70 123 45 67.", "Det är inget nummer med landsnummer, som +46 70 123 45 67.";
    telephone_not_reached: "No codes are sent to numbers that begin so.", "Inga koder skickas till nummer som börjar så.";
    telephone_already: "Codes go to that number already.", "Koder går redan till det numret.";
    said_telephone_set: "Your number is set, and gets its first code after 72 hours. Sign in again.", "Ditt nummer är angivet och får sin första kod efter 72 timmar. Logga in igen.";
    said_telephone_removed: "Your number is removed. Sign in again.", "Ditt nummer är borttaget. Logga in igen.";
    recovery_codes: "Recovery codes", "Återställningskoder";
    recovery_text: "For the day on which your token or phone is lost: each stands in for one code.", "För den dag din dosa eller telefon är borta: varje kod ersätter en kod från den.";
    recovery_none: "You have none.", "Du har inga.";
    recovery_left: "Left", "Kvar";
    recovery_make: "Make ten new codes", "Skapa tio nya koder";
    recovery_ends: "The ones that you had are good no more then.", "De som du hade slutar då att gälla.";
    recovery_once: "They are shown once. Print them, or write them down, and keep them where you keep your passport.", "De visas en gång. Skriv ut dem eller anteckna dem och förvara dem där du har ditt pass.";
    recovery_how: "Type one, with or without the dashes, where a code is asked for. Each works once.", "Skriv in en, med eller utan bindestreck, där en kod efterfrågas. Var och en fungerar en gång.";
    recovery_used: "a recovery code was used", "en återställningskod användes";
    temporary_used: "a code of the help desk was used", "en kod från supporten användes";
    sign_in_by_passkey: "Sign in with a passkey", "Logga in med en nyckel";
    or_passkey: "Or a passkey", "Eller en nyckel";
    take_passkey: "Use a passkey and no app", "Använd en nyckel i stället för en app";
    passkey_failed: "No passkey was given. Try again, or use another way.", "Ingen nyckel angavs. Försök igen eller använd ett annat sätt.";
    passkey_needs_script: "Passkeys need JavaScript; everything else here works without.", "Nycklar kräver JavaScript; allt annat här fungerar utan.";
    passkeys: "Passkeys", "Nycklar";
    passkeys_text: "A passkey on your phone, computer or security key signs you in by itself, without a secret or a code.", "En nyckel (passkey) på din telefon, dator eller säkerhetsnyckel loggar in dig på egen hand, utan hemlighet eller kod.";
    no_passkeys: "You have no passkeys.", "Du har inga nycklar.";
    new_passkey: "New passkey", "Ny nyckel";
    passkey_name: "What you call the passkey", "Vad du kallar nyckeln";
    added: "Added", "Tillagd";
    add: "Add", "Lägg till";
    rename: "Rename", "Byt namn";
    new_name: "New name", "Nytt namn";
    not_fresh: "To add something, show first that it is you, with a code or a passkey.", "För att lägga till något måste du först visa att det är du, med en kod eller en nyckel.";
    passkey_refused: "That passkey was not taken. Its device must verify you, by a PIN, a finger or a face.", "Nyckeln godtogs inte. Enheten måste kontrollera vem du är, med PIN-kod, finger eller ansikte.";
    touch: "Show that it is me", "Visa att det är jag";
    touch_text: "Where app passwords last only for a while after you were here, this renews them.", "Där applösenord bara gäller en tid efter att du var här förnyas de av det här.";
    said_touched: "Thank you. Your app passwords are renewed.", "Tack. Dina applösenord är förnyade.";
    said_passkey_added: "The passkey is added.", "Nyckeln är tillagd.";
    said_passkey_renamed: "The passkey has its new name.", "Nyckeln har fått sitt nya namn.";
    said_passkey_removed: "The passkey is removed, and what was signed in by it is ended.", "Nyckeln är borttagen och det som var inloggat med den är avslutat.";
    last_way: "You could not sign in without it. Connect an app or add another passkey first.", "Du skulle inte kunna logga in utan den. Anslut en app eller lägg till en annan nyckel först.";
    too_many: "You have too many. Take one away that is not used.", "Du har för många. Ta bort en som inte används.";
    on_the_way: "You are signed in", "Du är inloggad";
    signing_in: "Signing you in", "Du loggas in";
    way_back: "Back to the application", "Tillbaka till programmet";
    go_on_to: "Application:", "Program:";
    go_on: "Go on", "Fortsätt";
    sign_out_at: "You signed in elsewhere for this. Sign out there, too:", "Du loggade in någon annanstans för detta. Logga ut även där:";
    no_token: "You cannot be signed in there", "Det går inte att logga in dig där";
    no_token_text: "The application asked for something that it does not get here, or not for you. Your administrator can tell why by the number below.", "Programmet frågade efter något som det inte får här, eller inte för dig. Din administratör kan se varför med numret nedan.";
    activity: "Activity", "Aktivitet";
    went_round: "You went round in a circle", "Du skickades runt i en cirkel";
    went_round_text: "You are signed in here, but the application sent you back again and again, as if it had not been told. It does not keep your sign-in, and so you were stopped here.", "Du är inloggad här, men programmet skickade tillbaka dig gång på gång, som om det inte hade fått veta det. Det behåller inte din inloggning och därför stoppades du här.";
    went_round_mend: "Allow the application to keep cookies, check that the clock of this device is right, close all windows of the browser, and begin again at the application.", "Tillåt programmet att spara kakor, kontrollera att klockan på den här enheten går rätt, stäng alla webbläsarens fönster och börja om i programmet.";
    went_round_again: "If it happens again, tell your administrator the name of the application and the number below.", "Om det händer igen, uppge programmets namn och numret nedan för din administratör.";
    choose_provider: "Where do you belong?", "Var hör du hemma?";
    choose_provider_text: "Choose the organization that you sign in with. This browser remembers it.", "Välj den organisation som du loggar in med. Den här webbläsaren kommer ihåg den.";
    find_provider: "Or type your e-mail address there", "Eller skriv din e-postadress där";
    unknown_provider: "No organization is known by that name. Choose one below.", "Ingen organisation är känd under det namnet. Välj en nedan.";
    at_party: "You are signed in. Go back to the application.", "Du är inloggad. Gå tillbaka till programmet.";
    begin_at_party: "Nobody signs in here without a reason. Begin at the application.", "Ingen loggar in här utan anledning. Börja i programmet.";
    other_language: "Svenska", "English";
    other_language_code: "sv", "en";
}

impl Words {
    /// The language that a browser's user chose, or else prefers.
    pub(crate) fn of(headers: &HeaderMap) -> &'static Self {
        match cookie::value(headers, cookie::LANGUAGE) {
            Some("sv") => return &SWEDISH,
            Some("en") => return &ENGLISH,
            Some(_) | None => {}
        }
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted
            .and_then(|line| line.to_str().ok())
            .unwrap_or_default();
        let tags = accepted.split(',').filter_map(|tag| {
            let mut parts = tag.trim().split(';');
            let language = parts.next()?.split('-').next()?.to_ascii_lowercase();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q="));
            let weight = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
            Some((language, weight))
        });
        let mut best: (&'static Self, f32) = (&ENGLISH, 0.0);
        for (language, weight) in tags {
            let words = match language.as_str() {
                "sv" => &SWEDISH,
                "en" => &ENGLISH,
                _ => continue,
            };
            if weight > best.1 {
                best = (words, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn every_sentence_is_there_in_both_languages() {
        // Words that are the same in both.
        for (key, english, swedish) in ALL {
            assert!(
                !english.trim().is_empty() && !swedish.trim().is_empty(),
                "{key}"
            );
            assert_ne!(english, swedish, "{key} was not translated");
            let full_stop = |text: &str| text.ends_with('.');
            assert_eq!(full_stop(english), full_stop(swedish), "{key}");
        }
    }

    #[test]
    fn the_language_is_the_one_that_was_chosen_or_is_preferred() {
        let language = |accepted: &'static str, cookie: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            if let Some(cookie) = cookie {
                headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            }
            Words::of(&headers).language
        };
        assert_eq!(language("sv-SE,sv;q=0.9,en;q=0.8", None), "sv");
        assert_eq!(language("de,en;q=0.5,sv;q=0.4", None), "en");
        assert_eq!(language("de", None), "en");
        assert_eq!(language("sv;q=0, en;q=0.1", None), "en");
        assert_eq!(language("sv;q=x", None), "en");
        assert_eq!(language("en", Some("__Host-language=sv")), "sv");
        assert_eq!(language("sv", Some("__Host-language=<script>")), "sv");
    }
}
