//! Balancers: nothing is granted to an address of theirs.

use super::*;

/// The error of a configuration whose listener has these lines.
fn listener(lines: &str) -> Result<Settings, String> {
    let lines = format!("{lines}\ncertificate =");
    understood(&text("", "").replacen("certificate =", &lines, 1))
}

#[test]
fn balancers_are_networks_of_a_listener_with_tls_and_of_a_plain_one() {
    let settings = listener("proxy_protocol = [\"10.0.0.5/32\"]").unwrap();
    assert_eq!(
        settings.listeners[0].balancers,
        ["10.0.0.5/32".parse().unwrap()]
    );
    let plain = "[[listener]]\naddress = \"127.0.0.1:8080\"\nplain = true\n\
                 proxy_protocol = [\"2001:db8::/64\"]\n";
    let settings = understood(&(text("", "") + plain)).unwrap();
    let expected = ["2001:db8::/64".parse().unwrap()];
    assert_eq!(settings.plain[0].balancers, expected);
    assert!(settings.listeners[0].balancers.is_empty());
}

#[test]
fn a_balancer_s_address_is_never_internal() {
    for (balancer, internal) in [
        ("10.0.0.5/32", "10.0.0.0/8"),
        ("10.0.0.0/24", "10.0.0.5/32"),
        ("10.0.0.5/32", "10.0.0.5/32"),
        ("2001:db8::5/128", "2001:db8::/32"),
    ] {
        let lines = format!(
            "proxy_protocol = [\"{balancer}\"]\ninternal_networks = [\"192.168.0.0/16\", \"{internal}\"]"
        );
        let said = listener(&lines).unwrap_err();
        assert!(said.starts_with("wicketgate.toml:14:40: "), "{said}");
        assert!(said.contains(internal) && said.contains(balancer), "{said}");
        assert!(said.contains("line 13"), "{said}");
    }
    let apart = "proxy_protocol = [\"10.0.0.5/32\"]\ninternal_networks = [\"10.0.1.0/24\"]";
    listener(apart).expect("networks apart");
}

#[test]
fn nor_is_it_at_another_listener_or_another_organisation_s() {
    let other = "[[listener]]\naddress = \"127.0.0.1:9443\"\n\
                 certificate = [{ chain = \"file.pem\", key = \"file.pem\" }]\n\
                 proxy_protocol = [\"10.0.0.5/32\"]\n";
    let inside = "internal_networks = [\"10.0.0.0/8\"]\ncertificate =";
    let both = text("", "").replacen("certificate =", inside, 1) + other;
    let said = understood(&both).unwrap_err();
    assert!(said.starts_with("wicketgate.toml:13:22: "), "{said}");
    let hybrid = "host = \"Mail.contoso.com\"\nhybrid = [\"10.0.0.0/8\"]";
    let both = text("", "").replacen("host = \"Mail.contoso.com\"", hybrid, 1) + other;
    let said = understood(&both).unwrap_err();
    assert!(said.contains("another organisation's"), "{said}");
}

#[test]
fn everybody_is_no_balancer() {
    for net in ["0.0.0.0/0", "::/0"] {
        let said = listener(&format!("proxy_protocol = [\"{net}\"]")).unwrap_err();
        assert!(said.contains("is everybody"), "{said}");
    }
    let said = listener("proxy_protocol = [\"::ffff:10.0.0.5/128\"]").unwrap_err();
    assert!(said.contains("as one of IPv4"), "{said}");
}

#[test]
fn a_network_is_written_as_it_is_and_no_wider_than_one_s_own() {
    let hybrid = |nets: &str| {
        let lines = format!("host = \"Mail.contoso.com\"\nhybrid = [{nets}]");
        understood(&text("", "").replacen("host = \"Mail.contoso.com\"", &lines, 1))
    };
    let balancers = |nets: &str| listener(&format!("proxy_protocol = [{nets}]"));
    let inside = |nets: &str| listener(&format!("internal_networks = [{nets}]"));
    let plain = |nets: &str| {
        let plain = "[[listener]]\naddress = \"127.0.0.1:8080\"\nplain = true\n";
        understood(&format!(
            "{}{plain}proxy_protocol = [{nets}]\n",
            text("", "")
        ))
    };
    let each = |nets: &str| [hybrid(nets), balancers(nets), inside(nets), plain(nets)];
    let refused = |nets: &str, what: &str| {
        for understood in each(nets) {
            let said = understood.unwrap_err();
            assert!(said.contains(what), "{nets}: {said}");
        }
    };
    refused(
        "\"10.0.0.5/8\"",
        "write `10.0.0.5/32` for that address alone, or `10.0.0.0/8`",
    );
    for wide in [
        "\"0.0.0.0/1\", \"128.0.0.0/1\"",
        "\"10.0.0.0/7\"",
        "\"2000::/3\"",
        "\"2a00::/12\"",
        "\"::/7\"",
    ] {
        refused(wide, "nobody's network");
    }
    refused("\"::ffff:10.0.0.0/104\"", "as one of IPv4");
    for understood in each("\"10.0.0.0/8\", \"fc00::/7\", \"fd00::/8\", \"2001:db8::/32\"") {
        understood.expect("one's own");
    }
}
