//! Vectors of RFC 3394, RFC 5649 and NIST SP 800-38A, and everything that is not one of them.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|it| it.to_digit(16).unwrap()).collect();
    let bytes = digits
        .chunks(2)
        .map(|it| u8::try_from(it[0] * 16 + it[1]).unwrap());
    bytes.collect()
}

fn opened(cipher: Cipher, key: &str, value: &str) -> Result<Vec<u8>, CipherError> {
    cipher
        .open(&bytes(key), &bytes(value))
        .map(|it| it.to_vec())
}

const KEY_128: &str = "000102030405060708090a0b0c0d0e0f";
const KEY_192: &str = "000102030405060708090a0b0c0d0e0f1011121314151617";
const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn rfc_3394_4_key_wrap() {
    let sixteen = "00112233445566778899aabbccddeeff";
    let thirty_two = "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f";
    for (size, key, wrapped, plain) in [
        (
            Size::Aes128,
            KEY_128,
            "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5",
            sixteen,
        ),
        (
            Size::Aes192,
            KEY_192,
            "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d",
            sixteen,
        ),
        (
            Size::Aes256,
            KEY_256,
            "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7",
            sixteen,
        ),
        (
            Size::Aes256,
            KEY_256,
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
            thirty_two,
        ),
    ] {
        assert_eq!(opened(Cipher::Wrap(size), key, wrapped), Ok(bytes(plain)));
        let mut altered = bytes(wrapped);
        for at in 0..altered.len() {
            altered[at] ^= 1;
            let refused = Cipher::Wrap(size).open(&bytes(key), &altered);
            assert_eq!(refused.unwrap_err(), CipherError::NotOpened, "{at}");
            altered[at] ^= 1;
        }
    }
}

#[test]
fn rfc_5649_6_key_wrap_with_padding() {
    let key = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8";
    let padded = Cipher::WrapPadded(Size::Aes192);
    for (wrapped, plain) in [
        (
            "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
            "c37b7e6492584340bed12207808941155068f738",
        ),
        ("afbeb0f07dfbf5419200f2ccb50bb24f", "466f7250617369"),
    ] {
        assert_eq!(opened(padded, key, wrapped), Ok(bytes(plain)));
        let mut altered = bytes(wrapped);
        for at in 0..altered.len() {
            altered[at] ^= 0x80;
            assert!(padded.open(&bytes(key), &altered).is_err(), "{at}");
            altered[at] ^= 0x80;
        }
        // What is padded is no key that is not.
        assert!(opened(Cipher::Wrap(Size::Aes192), key, wrapped).is_err());
    }
}

/// The library's own key wrap agrees with ours, for every length.
#[test]
fn key_wrap_is_what_the_library_wraps() {
    use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap, KeyWrapPadded};
    let key = bytes(KEY_256);
    for length in 1..=130 {
        let plain: Vec<u8> = (0..length).map(|it| it ^ 0x5a).collect();
        let mut output = vec![0; 160];
        let kek = AesKek::new(&AES_256, &key).unwrap();
        let wrapped = kek.wrap_with_padding(&plain, &mut output).unwrap();
        let ours = Cipher::WrapPadded(Size::Aes256)
            .open(&key, wrapped)
            .unwrap();
        assert_eq!(*ours, plain);
        if length >= 16 && length % 8 == 0 {
            let kek = AesKek::new(&AES_256, &key).unwrap();
            let wrapped = kek.wrap(&plain, &mut output).unwrap();
            assert_eq!(
                *Cipher::Wrap(Size::Aes256).open(&key, wrapped).unwrap(),
                plain
            );
        }
    }
}

/// The ciphertext of NIST's vectors, whose last block is the padding that another writer has put behind.
#[test]
fn nist_sp_800_38a_f_2_cbc() {
    let iv = KEY_128;
    let plain = "6bc1bee22e409f96e93d7e117393172a";
    for (size, key, value) in CBC {
        let value = format!("{iv}{value}");
        assert_eq!(opened(Cipher::Cbc(size), key, &value), Ok(bytes(plain)));
    }
}

#[test]
fn what_is_no_padding_is_not_opened() {
    let (size, key, value) = CBC[0];
    let blocks = bytes(&format!("{KEY_128}{value}"));
    let cipher = Cipher::Cbc(size);
    // Without its last block, the last byte of the text says how much to cut off: more than there is.
    assert_eq!(
        cipher.open(&bytes(key), &blocks[..32]).unwrap_err(),
        CipherError::NotOpened
    );
    for length in [0, 1, 15, 16, 17, 33, 47] {
        let refused = cipher.open(&bytes(key), &blocks[..length]).unwrap_err();
        assert_eq!(refused, CipherError::Length { got: length });
    }
    let endless = vec![0; MAX_CIPHER_BYTES + 16];
    let refused = cipher.open(&bytes(key), &endless).unwrap_err();
    assert_eq!(refused, CipherError::Length { got: endless.len() });
}

#[test]
fn a_key_has_the_length_of_its_cipher() {
    for (size, needed) in [(Size::Aes128, 16), (Size::Aes192, 24), (Size::Aes256, 32)] {
        for cipher in [
            Cipher::Cbc(size),
            Cipher::Wrap(size),
            Cipher::WrapPadded(size),
        ] {
            for got in [0, needed - 1, needed + 1, 64] {
                let refused = cipher.open(&vec![7; got], &[0; 48]).unwrap_err();
                assert_eq!(refused, CipherError::KeyLength { got, needed });
            }
        }
    }
}

#[test]
fn wrapped_keys_have_lengths_of_their_own() {
    for (cipher, lengths) in [
        (Cipher::Wrap(Size::Aes128), [0, 8, 16, 23, 25]),
        (Cipher::WrapPadded(Size::Aes128), [0, 8, 15, 17, 25]),
    ] {
        for got in lengths {
            let refused = cipher.open(&bytes(KEY_128), &vec![0; got]).unwrap_err();
            assert_eq!(refused, CipherError::Length { got });
        }
    }
}

#[test]
fn ciphers_that_are_not_taken_are_named() {
    let xmlenc = "http://www.w3.org/2001/04/xmlenc#";
    for name in ["tripledes-cbc", "kw-tripledes"] {
        let refused = Cipher::named(&format!("{xmlenc}{name}"));
        assert_eq!(refused, Err(CipherError::TripleDes));
    }
    for name in ["rsa-1_5", "rsa_1_5", "rsa-oaep-mgf1p"] {
        let refused = Cipher::named(&format!("{xmlenc}{name}"));
        assert_eq!(refused, Err(CipherError::PublicKey));
    }
    // A name that ends as one that is taken is another.
    for uri in [
        "",
        "aes128-cbc",
        "urn:x#aes128-cbc",
        "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    ] {
        let uri = uri.to_owned();
        assert_eq!(Cipher::named(&uri), Err(CipherError::Unknown { uri }));
    }
    for (uri, cipher) in CIPHERS {
        assert_eq!(Cipher::named(uri), Ok(cipher));
    }
}

/// NIST's key, its first block of ciphertext, and the block of padding.
const CBC: [(Size, &str, &str); 3] = [
    (
        Size::Aes128,
        "2b7e151628aed2a6abf7158809cf4f3c",
        "7649abac8119b246cee98e9b12e9197d8964e0b149c10b7b682e6e39aaeb731c",
    ),
    (
        Size::Aes192,
        "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        "4f021db243bc633d7178183a9fa071e8a647f1643b94812a175a13c8fa2014b2",
    ),
    (
        Size::Aes256,
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "f58c4c04d6e5f1ba779eabfb5f7bfbd6485a5c81519cf378fa36d42b8547edc0",
    ),
];
