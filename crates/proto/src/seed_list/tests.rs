//! The lists of vendors as they send them, each of their faults, and lists that say too little.

use expect_test::{Expect, expect};

use super::*;
use crate::otp::{Algorithm, Digits, Moving, Period};

/// What the command says of a list that says nothing itself.
fn stated() -> Stated {
    Stated {
        encoding: Some(Encoding::Hex),
        kind: Some(Kind::Totp),
        digits: Some(Digits::SIX),
        period: Period::of(60),
        algorithm: Some(Algorithm::Sha1),
        manufacturer: Some("Feitian".to_owned()),
    }
}

fn told(columns: &[Column]) -> Reading {
    Reading {
        columns: (!columns.is_empty()).then(|| columns.to_vec()),
        separator: None,
        stated: stated(),
    }
}

/// A token or a refusal on one line.
fn shown(entry: &Entry) -> String {
    let token = match entry {
        Ok(token) => token,
        Err(refused) => return refused.to_string(),
    };
    let moving = match token.moving {
        Moving::Time(period) => format!("TOTP {} s", period.seconds()),
        Moving::Counter(counter) => format!("HOTP from {counter}"),
    };
    let seed: String = token
        .seed
        .as_bytes()
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    let (algorithm, digits) = (token.algorithm.as_str(), token.digits.count());
    let mut line = format!("{} {moving} {algorithm} {digits} {seed}", token.serial);
    let texts = [token.manufacturer.clone(), token.account.clone()];
    let dates = [token.valid_from, token.valid_until].map(|it| it.map(|it| it.to_string()));
    for more in texts.into_iter().chain(dates).flatten() {
        line.push_str(&format!(" {more}"));
    }
    line
}

fn check(list: &str, reading: &Reading, expected: &Expect) {
    let read = match csv(list.as_bytes(), reading) {
        Ok(entries) => entries.iter().map(|it| shown(it) + "\n").collect(),
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&read);
}

const HEX: &str = "3132333435363738393031323334353637383930";

#[test]
fn entra_s_list_says_all_by_its_headings() {
    check(
        "upn,serial number,secret key,time interval,manufacturer,model\r\n\
         Helga@contoso.com,1234567,2234567abcdef2234567abcdefabcdef,60,Contoso,HardwareKey\r\n\
         ,1234568,2234567abcdef2234567abcdefabcde1,30,Contoso,HardwareKey\r\n\
         anna@contoso.com,1234569,1234567abcdef1234567abcdefabcdef,60,Contoso,HardwareKey\r\n\
         anna@contoso.com,1234570,2234567abcdef2234567abcdefabcdef,45,Contoso,HardwareKey\r\n",
        &Reading::default(),
        &expect![[r#"
            1234567 TOTP 60 s SHA1 6 d6b7cefbe0088642eb5be77df004432140110c85 Contoso Helga@contoso.com
            line 3, column 10: the seed is not base 32: letters and the digits 2 to 7
            line 4, column 26: the seed is not base 32: letters and the digits 2 to 7
            line 5, column 59: the period is not 30 or 60 seconds
        "#]],
    );
    // Deepnet writes it without users.
    check(
        "serial number,secret key,time interval,manufacturer,model\n\
         10001001,234567ABCDEFGHIJKLMNOPQRSTUVWXYZ,60,Deepnet Security,SafeID/Classic\n",
        &Reading::default(),
        &expect![[r#"
            10001001 TOTP 60 s SHA1 6 d6f9df7c0110c8531d0952d8d73e1194e95b5f19 Deepnet Security
        "#]],
    );
}

#[test]
fn a_yubikey_s_log_has_tokens_of_oath_and_others() {
    check(
        "LOGGING START,11.12.13 18:55\n\
         OATH-HOTP,11.12.13 18:55,1,vvgutbiedkvi,,916821d3a138bf855e70069605559a206ba854cd,,,0,0,0,6,0,0,0,0,0,0\n\
         OATH-HOTP,11.12.13 19:01,1,,,d41845578effd750887edc70f04df754603e2b63,,,0,0,0,6,0,0,0,0,0,0\n\
         Yubico OTP,11.12.13 16:43,1,cccccccirblh,b321173a2fb8,6faa3ce885fcd5eda7efa5195e5a5d44,,,0,0,0,0,0,0,0,0,0,1\n\
         OATH-HOTP,11.12.13 19:02,2,vvgutbiedkvi,,916821d3a138bf855e70069605559a206ba854cd,,,0,0,0,6,0,0,0,0,0,0\n\
         OATH-HOTP,11.12.13 19:03,2,vvgutbiedkvj,,916821d3a138bf855e70069605559a206ba854cd,,,0,0,0,6,1,0,0,0,0,0\n",
        &Reading::default(),
        &expect![[r#"
            vvgutbiedkvi HOTP from 0 SHA1 6 916821d3a138bf855e70069605559a206ba854cd
            line 3, column 1: the serial number is empty
            line 4, column 1: a YubiKey that makes `Yubico OTP` is not taken: `OATH-HOTP` is expected
            line 5, column 1: the serial number `vvgutbiedkvi` stands there already, at line 2, column 1
            line 6, column 93: the setting is not 0, as in every log that is known
        "#]],
    );
}

#[test]
fn feitian_s_list_is_two_columns_and_the_rest_is_told() {
    check(
        &format!("2600215704919,{HEX}\n2600215704920,{HEX}\n"),
        &told(&[Column::Serial, Column::Seed(None)]),
        &expect![[r#"
            2600215704919 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            2600215704920 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
        "#]],
    );
    check(
        &format!("Serial No.\tSeed\n2600215704919\t{HEX}\n"),
        &told(&[]),
        &expect![[r#"
            2600215704919 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
        "#]],
    );
}

#[test]
fn safenet_s_list_is_read_by_its_headings() {
    check(
        &format!(
            "\"Token Serial Number\";\"Seed (HEX)\";\"Type\";\"OTP length\"\n\
             \"GALT11430201\";\"{HEX}\";\"event-based\";\"6\"\n\
             \"GALT11430202\";\"{HEX}\";\"time-based\";\"6\"\n\
             \"GALT11430203\";\"{HEX}\";\"ocra\";\"6\"\n"
        ),
        &told(&[]),
        &expect![[r#"
            GALT11430201 HOTP from 0 SHA1 6 3132333435363738393031323334353637383930 Feitian
            GALT11430202 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            line 4, column 59: the type is not HOTP or TOTP
        "#]],
    );
}

#[test]
fn the_oath_layout_has_a_counter_or_a_period_in_one_column() {
    let columns = [
        Column::Serial,
        Column::Seed(Some(Encoding::Hex)),
        Column::Kind,
        Column::Digits,
        Column::Factor,
        Column::Algorithm,
    ];
    check(
        &format!(
            "a1,{HEX},hotp,6,17,sha1\na2,{HEX},totp,8,30,SHA-256\na3,{HEX},totp,8,17,sha512\n"
        ),
        &told(&columns),
        &expect![[r#"
            a1 HOTP from 17 SHA1 6 3132333435363738393031323334353637383930 Feitian
            a2 TOTP 30 s SHA256 8 3132333435363738393031323334353637383930 Feitian
            line 3, column 52: the counter or period is not 30 or 60 seconds
        "#]],
    );
}

#[test]
fn a_list_is_asked_for_what_it_does_not_say() {
    let silent = Reading::default();
    let list = format!("serial,seed\n1,{HEX}\n");
    check(
        &list,
        &silent,
        &expect![[r#"
        line 2, column 1: nothing says the type, HOTP or TOTP: neither a column nor the command
    "#]],
    );
    let mut reading = silent;
    let all = stated();
    reading.stated.kind = all.kind;
    check(
        &list,
        &reading,
        &expect![[r#"
        line 2, column 1: nothing says the period: neither a column nor the command
    "#]],
    );
    reading.stated.period = all.period;
    check(
        &list,
        &reading,
        &expect![[r#"
        line 2, column 1: nothing says the algorithm: neither a column nor the command
    "#]],
    );
    reading.stated.algorithm = all.algorithm;
    check(
        &list,
        &reading,
        &expect![[r#"
        line 2, column 1: nothing says the number of digits: neither a column nor the command
    "#]],
    );
    reading.stated.digits = all.digits;
    check(
        &list,
        &reading,
        &expect![[r#"
        line 2, column 3: nothing says the encoding of the seed: neither a column nor the command
    "#]],
    );
    reading.stated.encoding = all.encoding;
    check(
        &list,
        &reading,
        &expect![[r#"
        1 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930
    "#]],
    );
}

#[test]
fn a_column_says_more_than_the_command() {
    check(
        &format!(
            "serial,seed base32,counter,digits,algorithm,vendor\n1,{},5,8,sha512,Other\n",
            "A".repeat(32)
        ),
        &told(&[]),
        &expect![[r#"
            1 HOTP from 5 SHA512 8 0000000000000000000000000000000000000000 Other
        "#]],
    );
}

#[test]
fn headings_are_known_or_refused() {
    for (list, expected) in [
        (
            "",
            expect![[r#"
            it holds no tokens
        "#]],
        ),
        (
            "\n\n# a comment\n",
            expect![[r#"
            it holds no tokens
        "#]],
        ),
        (
            "serial,seed\n",
            expect![[r#"
            it holds no tokens
        "#]],
        ),
        (
            "serial seed\n1 2\n",
            expect![[r#"
            line 1 does not show what stands between fields: a comma, a semicolon or a tab, and only one of them
        "#]],
        ),
        (
            "serial,seed;type\n",
            expect![[r#"
            line 1 does not show what stands between fields: a comma, a semicolon or a tab, and only one of them
        "#]],
        ),
        (
            "serial,seed,colour\n",
            expect![[r#"
            line 1, column 13: nobody knows the heading `colour`: rename it, or say the columns and `-` for it; known are serial, seed (hex, base32 or base64), type, digits, period, counter, algorithm, manufacturer, upn, start date, expiry date, model
        "#]],
        ),
        (
            "serial,seed,secret key\n",
            expect![[r#"
            two columns are of the seed
        "#]],
        ),
        (
            "serial,type\n",
            expect![[r#"
            line 1 has no headings for a serial number and a seed: add a line such as `serial,seed hex,type,digits,period`, or say the columns
        "#]],
        ),
        (
            "serial,seed,counter,period\n1,2,3,4\n",
            expect![[r#"
            a column of counters and one of periods need one of types beside them
        "#]],
        ),
        (
            "serial,\"seed\n",
            expect![[r#"
            line 1, column 8: it cannot be read as CSV
        "#]],
        ),
        (
            "26001,31323334\n",
            expect![[r#"
            line 1 has no headings for a serial number and a seed: add a line such as `serial,seed hex,type,digits,period`, or say the columns
        "#]],
        ),
    ] {
        check(list, &told(&[]), &expected);
    }
}

#[test]
fn each_fault_of_a_line_has_its_column() {
    check(
        &format!(
            "serial,seed,type,digits,period,start date,expiry date\n\
             1,{HEX},totp,6,60,,\n\
             1,{HEX},totp,6,60,,\n\
             2,{HEX},totp,6,60\n\
             3,{HEX},totp,6,60,,,\n\
             4,31x2{HEX},totp,6,60,,\n\
             5,{HEX}3,totp,6,60,,\n\
             6,3132,totp,6,60,,\n\
             7,,totp,6,60,,\n\
             ,{HEX},totp,6,60,,\n\
             \u{e5}\u{e4}\u{f6},{HEX},motp,6,60,,\n\
             9,{HEX},totp,9,60,,\n\
             10,{HEX},totp,\u{ff16},60,,\n\
             11,{HEX},totp,6,61,,\n\
             12,{HEX},hotp,6,,2026-01-31,2026-12-31\n\
             13,{HEX},hotp,6,,2026-02-30,\n\
             14,{HEX},hotp,6,,,31.12.2026\n\
             \"15,{HEX},totp,6,60,,\n\
             1\"6,{HEX},totp,6,60,,\n\
             \"1\"\"7\",\"{HEX}\" , \"totp\",6,60,,\n\
             2.60022E+12,{HEX},totp,6,60,,\n\
             \"2,60022E+12\",{HEX},totp,6,60,,\n\
             18\u{200b},{HEX},totp,6,60,,\n"
        ),
        &told(&[]),
        &expect![[r#"
            1 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            line 3, column 1: the serial number `1` stands there already, at line 2, column 1
            line 4, column 1: the line has 5 fields, and 7 are expected
            line 5, column 1: the line has 8 fields, and 7 are expected
            line 6, column 3: the seed is not pairs of hexadecimal digits
            line 7, column 3: the seed is not pairs of hexadecimal digits
            line 8, column 3: a seed of 2 bytes is too short; it takes 16 at least
            line 9, column 1: the seed is empty
            line 10, column 1: the serial number is empty
            line 11, column 46: the type is not HOTP or TOTP
            line 12, column 49: the number of digits is not 6, 7 or 8
            line 13, column 50: the number of digits is not 6, 7 or 8
            line 14, column 52: the period is not 30 or 60 seconds
            12 HOTP from 0 SHA1 6 3132333435363738393031323334353637383930 Feitian 2026-01-31T00:00:00Z 2027-01-01T00:00:00Z
            line 16, column 53: the start date is not a date such as 2026-05-01
            line 17, column 54: the expiry date is not a date such as 2026-05-01
            line 18, column 1: a quotation mark stands alone
            line 19, column 1: a quotation mark stands alone
            1"7 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            line 21, column 1: a spreadsheet has rounded the serial number: export the list again, with that column as text
            line 22, column 1: a spreadsheet has rounded the serial number: export the list again, with that column as text
            line 23, column 1: the serial number is not a text of at most 100 characters
        "#]],
    );
}

#[test]
fn seeds_are_read_as_they_are_said_to_be() {
    let list = "serial,seed\n\
                1,3132333435363738393031323334353637383930\n\
                2,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\
                3,gezdgnbvgy3tqojqgezdgnbvgy3tqojq\n\
                4,MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=\n\
                5,MTIzNDU2Nzg5MDEyMzQ1Njc4OTA\n\
                6,MTIzNDU2Nzg5MDEyMzQ1Njc4OTB=\n";
    for (encoding, expected) in [
        (
            Encoding::Hex,
            expect![[r#"
            1 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            line 3, column 3: the seed is not pairs of hexadecimal digits
            line 4, column 3: the seed is not pairs of hexadecimal digits
            line 5, column 3: the seed is not pairs of hexadecimal digits
            line 6, column 3: the seed is not pairs of hexadecimal digits
            line 7, column 3: the seed is not pairs of hexadecimal digits
        "#]],
        ),
        (
            Encoding::Base32,
            expect![[r#"
            line 2, column 3: the seed is not base 32: letters and the digits 2 to 7
            2 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            3 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            line 5, column 3: the seed is not base 32: letters and the digits 2 to 7
            line 6, column 3: the seed is not base 32: letters and the digits 2 to 7
            line 7, column 3: the seed is not base 32: letters and the digits 2 to 7
        "#]],
        ),
        (
            Encoding::Base64,
            expect![[r#"
            1 TOTP 60 s SHA1 6 df5df6df7df8df9dfadfbdfcdfddf4df5df6df7df8df9dfadfbdfcdfddf4 Feitian
            2 TOTP 60 s SHA1 6 18464318d055198dd340e25018464318d055198dd340e250 Feitian
            3 TOTP 60 s SHA1 6 81ecdd8276ef832dedaa88ea81ecdd8276ef832dedaa88ea Feitian
            4 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            5 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Feitian
            line 7, column 3: the seed is not base 64
        "#]],
        ),
    ] {
        let mut reading = told(&[]);
        reading.stated.encoding = Some(encoding);
        check(list, &reading, &expected);
    }
}

#[test]
fn uris_are_read_one_a_line() {
    let list = "# two tokens and what is none\n\
                otpauth://totp/Contoso:1001?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Contoso&period=60\n\
                \n\
                otpauth://hotp/anna%40contoso.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=7&digits=8\n\
                \u{20} https://contoso.com/?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\
                otpauth://totp/1002?secret=GEZDGNBVGY3TQOJQ\n\
                otpauth://totp/1001?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n";
    let entries = uris(list.as_bytes()).unwrap();
    let read: String = entries.iter().map(|it| shown(it) + "\n").collect();
    expect![[r#"
        1001 TOTP 60 s SHA1 6 3132333435363738393031323334353637383930 Contoso
        anna@contoso.com HOTP from 7 SHA1 8 3132333435363738393031323334353637383930 anna@contoso.com
        line 5, column 3: it does not begin with otpauth://totp/ or otpauth://hotp/
        line 6, column 1: a seed of 10 bytes is too short; it takes 16 at least
        line 7, column 1: the serial number `1001` stands there already, at line 2, column 1
    "#]].assert_eq(&read);
    assert_eq!(uris(b"# nothing\n").unwrap_err(), ListParseError::Empty);
}

#[test]
fn a_list_has_its_caps() {
    let line = format!("1,{}\n", "3".repeat(MAX_LINE));
    let list = format!("serial,seed\n{line}2,{HEX}\n");
    let entries = csv(list.as_bytes(), &told(&[])).unwrap();
    let [long, good] = <[Entry; 2]>::try_from(entries).unwrap();
    assert_eq!(long.unwrap_err().why, Why::Line(LineError::TooLong));
    assert_eq!(good.unwrap().serial, "2");
    let wide = format!("serial,seed{}\n", ",-".repeat(MAX_FIELDS));
    assert_eq!(
        csv(wide.as_bytes(), &told(&[])).unwrap_err(),
        ListParseError::Columns(ColumnsError::FirstLine {
            column: 13 + 2 * (MAX_FIELDS - 2)
        })
    );
    let many = format!("serial,seed\n{}", "x\n".repeat(MAX_TOKENS + 1));
    assert_eq!(
        csv(many.as_bytes(), &told(&[])).unwrap_err(),
        ListParseError::TooManyTokens
    );
    assert_eq!(
        csv(b"serial,seed\n\xff\xfe", &told(&[])).unwrap_err(),
        ListParseError::NotText
    );
    let large = vec![b'#'; MAX_BYTES + 1];
    assert_eq!(
        csv(&large, &told(&[])).unwrap_err(),
        ListParseError::TooLarge
    );
    assert_eq!(uris(&large).unwrap_err(), ListParseError::TooLarge);
}

/// No message shows a seed, whichever of its characters is wrong.
#[test]
fn no_message_repeats_a_seed() {
    let columns = [Column::Serial, Column::Seed(None)];
    for list in [
        format!("1,{HEX}zz\n"),
        format!("1,{HEX},2\n"),
        format!("1,\"{HEX}\n"),
        format!("{HEX}\n"),
    ] {
        for reading in [told(&columns), told(&[]), Reading::default()] {
            let said = match csv(list.as_bytes(), &reading) {
                Ok(entries) => format!("{entries:?}"),
                Err(error) => format!("{error:?} {error}"),
            };
            assert!(!said.contains("3233343536"), "{said}");
        }
    }
    let uri = format!("otpauth://totp/1?secret={}1\n", "GEZDGNBV".repeat(4));
    assert!(!format!("{:?}", uris(uri.as_bytes())).contains("GEZDGNBV"));
}
