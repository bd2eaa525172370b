//! Attributes whose values are never shown.
//!
//! Sources: RFC 2307, RFC 3112, RFC 4519; the schema files of OpenLDAP (ppolicy, config), 389 DS, `FreeIPA`, Samba and MIT
//! Kerberos; Sun's Schema Reference; [MS-ADA1] to [MS-ADA3], [MS-ADLS].

use super::attribute::{base_type, is_one_of};

/// Attribute types whose values are secrets, hashes included.
const SECRETS: [&str; 44] = [
    "userPassword",
    "unicodePwd",
    "dBCSPwd",
    "ntPwdHistory",
    "lmPwdHistory",
    "supplementalCredentials",
    "sambaNTPassword",
    "sambaLMPassword",
    "sambaPasswordHistory",
    "krbPrincipalKey",
    "krbMKey",
    "ipaNTHash",
    "ipatokenOTPkey",
    "authPassword",
    "pwdHistory",
    "mgrpAuthPassword",
    "krbPwdHistory",
    "krbExtraData",
    "ipaNTSecurityIdentifierKey",
    "ipaUserAuthKey",
    "ipaPrivateKey",
    "ipaSecretKey",
    "ipaVaultSalt",
    "ipatokenRadiusSecret",
    "ipaIdpClientSecret",
    "passwordHistory",
    "nsslapd-rootpw",
    "nsDS5ReplicaCredentials",
    "nsDS5ReplicaBootstrapCredentials",
    "nsMultiplexorCredentials",
    "olcRootPW",
    "oathSecret",
    "radiusTunnelPassword",
    "nsSymmetricKey",
    "sambaClearTextPassword",
    "sambaPreviousClearTextPassword",
    "sambaTrustPassword",
    "initialAuthIncoming",
    "initialAuthOutgoing",
    "trustAuthIncoming",
    "trustAuthOutgoing",
    "ms-Mcs-AdmPwd",
    "msLAPS-Password",
    "msLAPS-EncryptedPassword",
];

/// The text that is shown in place of a secret.
pub const MASK: &str = "********";

/// Whether the values of an attribute are secrets. The attribute may have options and may be given by any of its names.
pub fn is_secret(description: &str) -> bool {
    is_one_of(&SECRETS, base_type(description))
}
