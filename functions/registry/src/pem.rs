//! The PEM form in which AWS IoT takes certificates.

/// A certificate's DER, given in base64, as PEM. The DER itself is untouched.
pub(crate) fn certificate(base64_der: &str) -> String {
    let mut pem = String::with_capacity(base64_der.len() + base64_der.len() / 64 + 64);
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut column = 0;
    for character in base64_der.chars() {
        pem.push(character);
        column += 1;
        if column == 64 {
            pem.push('\n');
            column = 0;
        }
    }
    if column > 0 {
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::certificate;

    #[test]
    fn lines_are_64_characters_and_nothing_is_lost() {
        for length in [0, 1, 63, 64, 65, 128, 1_000] {
            let base64 = "A".repeat(length);
            let pem = certificate(&base64);
            let body: Vec<_> = pem.lines().filter(|line| !line.starts_with('-')).collect();
            assert_eq!(body.concat(), base64);
            assert!(body.iter().rev().skip(1).all(|line| line.len() == 64));
            assert!(pem.ends_with("-----END CERTIFICATE-----\n"));
        }
    }
}
