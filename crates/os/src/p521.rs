//! Signatures of the curve P-521: what Go's plugins prove their certificates with.
//!
//! Only checks them, and only where plugins talk through ports.

use p521::ecdsa::signature::Verifier as _;
use p521::ecdsa::{Signature, VerifyingKey};
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};

pub(crate) const ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[&P521],
    mapping: &[(SignatureScheme::ECDSA_NISTP521_SHA512, &[&P521])],
};

/// ECDSA on P-521 with SHA-512.
#[derive(Debug)]
struct P521;

impl SignatureVerificationAlgorithm for P521 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made by OpenSSL, which is neither Go nor the crate that is asked here.
    const KEY: &str = "0400e8ae11267ab19b03f37abf3b2c10312b3d0f6bbfddbd69240af8f6aff3400db83d05e29ed05c5b6a98b6\
        2defd58d6b1d2f402068dde68f622187fd11a85586382301a07546b988f452189fd6c9c00ba0bb906eb8c4b5\
        50e26c2ef68cc709960ff3138467992a3aed3334bfa985a759a68bd9ca14b6a0a1141533d71a3d4f091dbad6\
        97";
    const SIGNATURE: &str = "308188024200876556606d085bf3bf0b323fbae9e46f5c3bd4eb15301df9e3890d3a2785300a01ebb943af2a\
        93962f3946ebc33091bd33f376facf456441035f7b1f4d81cb62fd02420155d2b80161e6f1a5efbd50bab98b\
        3a35d69150dea4abbe66a612b3550200831e8b3e56d6698ff2ec107b6288eb92f0102559795f708e6ee950aa\
        6271a6ada5418f";

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    #[test]
    fn a_signature_that_openssl_made_is_right_and_any_other_is_not() {
        let (key, signature) = (bytes(KEY), bytes(SIGNATURE));
        let [(SignatureScheme::ECDSA_NISTP521_SHA512, [algorithm])] = ALGORITHMS.mapping else {
            panic!("{ALGORITHMS:?}")
        };
        let check = |key: &[u8], message: &[u8], signature: &[u8]| {
            algorithm.verify_signature(key, message, signature).is_ok()
        };
        assert!(check(&key, b"the handshake so far", &signature));
        assert!(!check(&key, b"another handshake", &signature));
        assert!(!check(&key[..100], b"the handshake so far", &signature));
        let mut other = signature;
        *other.last_mut().unwrap() ^= 1;
        assert!(!check(&key, b"the handshake so far", &other));
    }
}
