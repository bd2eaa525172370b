//! Attributes whose values are never shown.
//!
//! The first row that applies decides:
//!
//! | attribute | its values are |
//! | --- | --- |
//! | in [`SECRETS`], by any of its names | secrets |
//! | in [`ORDINARY`] | shown |
//! | its name has a [word of secrets](SECRET_WORDS), and nothing after it says that the value is [about](ABOUT) the secret (`pwdLastSet`, `passwordExpirationTime`) | secrets |
//! | its name ends in `key` and says that the key is [not public](KEY_WORDS) | secrets |
//! | its name ends in `key`, and the schema says that it holds octet strings ([`is_octet_string_key`]) | secrets |
//! | any other | shown |
//!
//! A policy adds names with `[secrets] attributes`, and takes back what only the name suggests with `[secrets] shown`.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::attribute::base_type;
use super::attribute_types::canonical_name;

/// Attributes of one product or document, by names, or by OIDs where an export may have these.
type Group = &'static [&'static str];

/// Attribute types whose values are secrets, hashes included, with the source of each group.
const SECRETS: [Group; 17] = [
    // RFC 4519, 2.41; RFC 3112; RFC 2798, 2.7 (a PKCS #12 file has private keys).
    &["userPassword", "authPassword", "1.3.6.1.4.1.4203.1.3.4", "userPKCS12", "2.16.840.1.113730.3.1.216"],
    // RFC 2307bis draft, 2.2: the secret key of Secure RPC.
    &["nisSecretkey", "1.3.6.1.1.1.1.29"],
    // OpenLDAP: slapd-config(5), slapo-ppolicy(5), slapo-otp(5), slapd-asyncmeta(5); draft-behera-ldap-password-policy.
    &[
        "pwdHistory",
        "olcRootPW",
        "olcSyncrepl",
        "olcDbACLBind",
        "olcDbIDAssertBind",
        "olcChainingBehavior",
        "oathSecret",
        "oathHOTPToken",
        "oathTOTPToken",
        "oathEncKey",
    ],
    // 389 Directory Server and DSEE: Configuration and Schema Reference; Netscape Directory Server 4 schema.
    &[
        "passwordHistory",
        "nsslapd-rootpw",
        "nsDS5ReplicaCredentials",
        "nsDS5ReplicaBootstrapCredentials",
        "nsMultiplexorCredentials",
        "nsSymmetricKey",
        "replicaCredentials",
        "cirBindCredentials",
    ],
    // Sun Java System: Communications Suite Schema Reference (819-4437), Access Manager 7.1 (819-5899), OpenAM schema.
    &[
        "mgrpAuthPassword",
        "mgrpApprovePassword",
        "iplanet-am-user-password-reset-question-answer",
        "iplanet-am-auth-ldap-bind-passwd",
        "sunKeyValue",
        "oathDeviceProfiles",
        "pushDeviceProfiles",
        "webauthnDeviceProfiles",
        "deviceProfiles",
        "kbaInfo",
    ],
    // Microsoft: MS-ADA1 to MS-ADA3, MS-ADTS 3.1.1.4.4 (never readable), MS-ADLS.
    &[
        "unicodePwd",
        "1.2.840.113556.1.4.90",
        "dBCSPwd",
        "1.2.840.113556.1.4.55",
        "ntPwdHistory",
        "1.2.840.113556.1.4.94",
        "lmPwdHistory",
        "1.2.840.113556.1.4.160",
        "supplementalCredentials",
        "1.2.840.113556.1.4.125",
        "currentValue",
        "1.2.840.113556.1.4.27",
        "priorValue",
        "1.2.840.113556.1.4.100",
        "initialAuthIncoming",
        "1.2.840.113556.1.4.539",
        "initialAuthOutgoing",
        "1.2.840.113556.1.4.540",
        "trustAuthIncoming",
        "1.2.840.113556.1.4.129",
        "trustAuthOutgoing",
        "1.2.840.113556.1.4.135",
        "pekList",
        "1.2.840.113556.1.4.865",
        "msDS-ExecuteScriptPassword",
        "1.2.840.113556.1.4.1783",
        "msDS-ManagedPassword",
        "1.2.840.113556.1.4.2196",
        "msKds-RootKeyData",
        "msPKIDPAPIMasterKeys",
        "msPKIAccountCredentials",
        "msPKI-CredentialRoamingTokens",
        "msTPM-OwnerInformation",
        "msTPM-OwnerInformationTemp",
        "os400Password",
        "morTextPassword",
        "ctscPasswordHistory",
    ],
    // Microsoft BitLocker: MS-ADA2, msFVE-RecoveryPassword and msFVE-KeyPackage.
    &["msFVE-RecoveryPassword", "1.2.840.113556.1.4.1964", "msFVE-KeyPackage", "1.2.840.113556.1.4.1999"],
    // Microsoft LAPS, the old one and that of Windows: MS-ADA2, ms-LAPS-*.
    &[
        "ms-Mcs-AdmPwd",
        "ms-Mcs-AdmPwdHistory",
        "msLAPS-Password",
        "msLAPS-PasswordHistory",
        "msLAPS-EncryptedPassword",
        "msLAPS-EncryptedPasswordHistory",
        "msLAPS-EncryptedDSRMPassword",
        "msLAPS-EncryptedDSRMPasswordHistory",
    ],
    // Microsoft Services for UNIX 3.0 and 3.5, RFC 2307 in Windows Server 2003 R2.
    &["msSFU30Password", "unixUserPassword", "1.2.840.113556.1.4.1910"],
    // Samba: samba.schema, source4/setup/schema_samba4.ldif, source4/dsdb/samdb/ldb_modules/password_hash.c.
    &[
        "sambaNTPassword",
        "1.3.6.1.4.1.7165.2.1.25",
        "sambaLMPassword",
        "1.3.6.1.4.1.7165.2.1.24",
        "sambaPasswordHistory",
        "sambaClearTextPassword",
        "sambaPreviousClearTextPassword",
        "sambaTrustPassword",
        "lmPassword",
        "ntPassword",
        "clearTextPassword",
        "secret",
        "priorSecret",
        "privateKeytab",
        "krb5Keytab",
    ],
    // MIT Kerberos: kerberos.schema (kldap).
    &[
        "krbPrincipalKey",
        "2.16.840.1.113719.1.301.4.39.1",
        "krbMKey",
        "krbPwdHistory",
        "krbExtraData",
        "krbKdcServiceObjectSecret",
    ],
    // Heimdal: hdb.schema; Apache Directory krb5kdc.schema.
    &["krb5Key", "1.3.6.1.4.1.5322.10.1.10", "krb5PrincipalKey", "krb5ExtendedAttributes"],
    // FreeIPA: install/share/60*.ldif, 73*.ldif, schema of vault, OTP, RADIUS proxy and identity providers.
    &[
        "ipaNTHash",
        "ipaNTSecurityIdentifierKey",
        "ipaNTTrustAuthIncoming",
        "ipaNTTrustAuthOutgoing",
        "ipatokenOTPkey",
        "ipatokenHOTPcounter",
        "ipatokenTOTPwatermark",
        "ipatokenRadiusSecret",
        "ipaIdpClientSecret",
        "ipaUserAuthKey",
        "ipaPrivateKey",
        "ipaSecretKey",
        "ipaWrappingKey",
        "ipaVaultSalt",
    ],
    // Novell and NetIQ eDirectory: Schema Reference (NDK), Secure Password Manager, NMAS, pwm/SSPR schema.
    &[
        "nspmPassword",
        "nspmPasswordKey",
        "nspmPasswordHistory",
        "nspmDistributionPassword",
        "nspmAdminPassword",
        "sasLoginSecret",
        "sasLoginSecretKey",
        "sasEncryptedLoginSecret",
        "sasLoginConfiguration",
        "sasLoginConfigurationKey",
        "sasSecretStore",
        "prSyncedPassword",
        "passwordsUsed",
        "privateKey",
        "nDSPKIPrivateKey",
        "nDSPKISDKeyStruct",
        "DirXML-ShimAuthPassword",
        "DirXML-NamedPasswords",
        "DirXML-EntitlementSecrets",
        "SecretStore",
        "pwmResponseSet",
        "pwmOtpSecret",
        "pwmToken",
    ],
    // RADIUS: FreeRADIUS openldap.schema.
    &["radiusTunnelPassword", "radiusClientSecret", "radiusCheckItem", "radiusReplyItem", "radiusControlAttribute"],
    // Zimbra: attrs.xml, and LdapProvisioning, which hides them in its log.
    &[
        "zimbraPreAuthKey",
        "zimbraAuthTokenKey",
        "zimbraAuthTokens",
        "zimbraCsrfTokenKey",
        "zimbraCsrfTokenData",
        "zimbraDataSourcePassword",
        "zimbraDataSourceOAuthToken",
        "zimbraDataSourceOAuthRefreshToken",
        "zimbraFreebusyExchangeAuthPassword",
        "zimbraGalLdapBindPassword",
        "zimbraAuthLdapSearchBindPassword",
        "zimbraUCPassword",
        "zimbraTwoFactorAuthSecret",
        "zimbraTwoFactorAuthScratchCodes",
        "zimbraTwoFactorAuthTrustedDevices",
        "zimbraTwoFactorCodeForEmail",
        "zimbraAppSpecificPassword",
        "zimbraResetPasswordRecoveryCode",
        "zimbraRecoveryAccountVerificationData",
        "zimbraWebClientLoginToken",
        "zimbraSSLPrivateKey",
        "zimbraPasswordHistory",
    ],
    // Other products: Courier authldap.schema, Horde, GOsa, Univention, Asterisk, DHCP, Oracle and IBM directory servers.
    &[
        "clearPassword",
        "gosaSambaPasswordHistory",
        "univentionUDMPassword",
        "pwhistory",
        "AstAccountSecret",
        "AstAccountRemoteSecret",
        "AstVoicemailPassword",
        "dhcpKeySecret",
        "orclPassword",
        "orclPasswordAttribute",
        "orclPasswordVerifier",
        "orclCommonRpwdAttribute",
        "ibm-slapdAdminPW",
        "ibm-slapdMasterPW",
        "ibm-ldapOTPSecret",
        "ds-cfg-password",
        "ds-cfg-key-store-pin",
        "ds-cfg-trust-store-pin",
        "ds-cfg-symmetric-key",
        "ds-cfg-bind-password",
    ],
];

/// Attribute types whose names look like those of secrets, and what their values are.
const ORDINARY: [Group; 5] = [
    // RFC 4524, 2.19: a person.
    &["secretary"],
    // public keys, or references to them.
    &[
        "msDS-KeyCredentialLink",
        "msDS-KeyCredentialLink-BL",
        "sshPublicKey",
        "ldapPublicKey",
        "ipaSshPubKey",
        "nisPublickey",
    ],
    // the name of a policy, or an attribute of a policy.
    &[
        "pwdAttribute",
        "pwdInHistory",
        "passwordInHistory",
        "passwordKeepHistory",
        "pwdHistoryLength",
        "msDS-PasswordHistoryLength",
        "krbPwdHistoryLength",
        "sambaPwdHistoryLength",
        "zimbraPasswordEnforceHistory",
        "nspmPasswordHistoryLimit",
        "passwordBadWords",
        "passwordUserAttributes",
    ],
    // the identifier of a key, which is not the key (MS-ADA2).
    &["msDS-ManagedPasswordId", "msDS-ManagedPasswordPreviousId", "msDS-ManagedPasswordInterval"],
    // the name of a map entry (RFC 2307bis).
    &["automountKey"],
];

/// Parts of the names of attributes that hold secrets.
const SECRET_WORDS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "credential",
    "privatekey",
    "private-key",
    "nthash",
    "lmhash",
    "apitoken",
    "accesstoken",
    "refreshtoken",
    "authtoken",
];

/// What may come after a word of secrets where the value is a secret all the same.
const SECRET_ENDINGS: [&str; 11] =
    ["history", "answer", "hash", "value", "token", "code", "text", "data", "blob", "backup", "key"];

/// What comes after a word of secrets where the value is about the secret: when it was set, how often it failed, how it
/// must be.
const ABOUT: [&str; 40] = [
    "time",
    "date",
    "count",
    "length",
    "polic",
    "subentr",
    "expir",
    "expwarn",
    "lastset",
    "lastchange",
    "lastsuccess",
    "lastauth",
    "change",
    "reset",
    "warn",
    "lock",
    "fail",
    "attempt",
    "quality",
    "syntax",
    "grace",
    "limit",
    "interval",
    "duration",
    "allow",
    "requir",
    "enable",
    "disable",
    "flag",
    "option",
    "propert",
    "scheme",
    "encoding",
    "version",
    "setting",
    "retry",
    "update",
    "status",
    "validfrom",
    "address",
];

/// Beginnings of what comes after a word of secrets in rules for passwords, such as `passwordMinLength`.
const ABOUT_STARTS: [&str; 8] = ["min", "max", "must", "can", "may", "check", "safe", "acl"];

/// Ends of what comes after a word of secrets where the value is about the secret.
const ABOUT_ENDS: [&str; 4] = ["age", "dn", "id", "acl"];

/// What a name that ends in `key` has if the key is not public.
const KEY_WORDS: [&str; 18] = [
    "private",
    "secret",
    "symmetric",
    "master",
    "session",
    "encrypt",
    "otp",
    "recovery",
    "apikey",
    "api-key",
    "signing",
    "hmac",
    "shared",
    "auth",
    "token",
    "wrapp",
    "psk",
    "principal",
];

fn names(groups: &'static [Group]) -> HashSet<String> {
    let names = groups.iter().flat_map(|group| *group);
    names.map(|name| canonical_name(name).to_ascii_lowercase()).collect()
}

static KNOWN_SECRETS: LazyLock<HashSet<String>> = LazyLock::new(|| names(&SECRETS));
static KNOWN_ORDINARY: LazyLock<HashSet<String>> = LazyLock::new(|| names(&ORDINARY));

/// The text that is shown in place of a secret.
pub const MASK: &str = "********";

/// Whether the values of an attribute are secrets. The attribute may have options and may be given by any of its names.
pub fn is_secret(description: &str) -> bool {
    let name = canonical_name(base_type(description)).to_ascii_lowercase();
    KNOWN_SECRETS.contains(&name) || !KNOWN_ORDINARY.contains(&name) && (names_a_secret(&name) || names_a_key(&name))
}

/// Whether an attribute is in the table of secrets, so that no policy can show its values.
pub fn is_known_secret(description: &str) -> bool {
    KNOWN_SECRETS.contains(&canonical_name(base_type(description)).to_ascii_lowercase())
}

/// Whether an attribute of which the schema says that it holds octet strings is a key that is not public. The name alone
/// does not say that ([`is_secret`]).
pub fn is_octet_string_key(description: &str) -> bool {
    let name = canonical_name(base_type(description)).to_ascii_lowercase();
    ends_in_key(&name) && !KNOWN_ORDINARY.contains(&name) && !is_public(&name)
}

/// Whether a name, in lower case, has a word of secrets, and what comes after the last one says nothing else.
fn names_a_secret(name: &str) -> bool {
    let ends = SECRET_WORDS.iter().filter_map(|word| name.rfind(word).map(|at| at + word.len()));
    let Some(rest) = ends.max().and_then(|end| name.get(end..)) else { return false };
    let rest = rest.trim_start_matches(['-', '_']);
    let is_about = || {
        ABOUT.iter().any(|part| rest.contains(part))
            || ABOUT_STARTS.iter().any(|part| rest.starts_with(part))
            || ABOUT_ENDS.iter().any(|part| rest.ends_with(part))
    };
    // `secretary` is not the only word that begins like this: `secretaryName`.
    !rest.starts_with("ary") && (SECRET_ENDINGS.iter().any(|part| rest.ends_with(part)) || !is_about())
}

fn names_a_key(name: &str) -> bool {
    ends_in_key(name) && !is_public(name) && KEY_WORDS.iter().any(|word| name.contains(word))
}

fn ends_in_key(name: &str) -> bool {
    name.ends_with("key") || name.ends_with("keys")
}

fn is_public(name: &str) -> bool {
    name.contains("public") || name.contains("pubkey")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_by_table_and_by_name() {
        for name in [
            "userPassword",
            "userPassword;lang-de",
            "2.5.4.35",
            "OID.2.5.4.35",
            "USERPKCS12",
            "userPKCS12;binary",
            "nisSecretkey",
            "1.2.840.113556.1.4.90",
            "oid.1.3.6.1.4.1.5322.10.1.10",
            "krbPrincipalKey",
            "msFVE-RecoveryPassword",
            // Not in the table.
            "x-vpnPassword",
            "acmeOldPasswd",
            "portalPwd",
            "x-pwd-hash",
            "clientSecret",
            "bindCredentials",
            "acmePasswordResetAnswer",
            "acmePasswordResetToken",
            "zimbraXxxPasswordHistory",
            "acmeApiKey",
            "acmeMasterKey",
            "wifiSharedKeys",
            "tlsPrivateKey",
            "pwdPasswordCountSecret",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_secrets() {
        for name in [
            "secretary",
            "secretaryName",
            "pwdLastSet",
            "pwdChangedTime",
            "pwdAccountLockedTime",
            "badPwdCount",
            "badPasswordTime",
            "passwordExpirationTime",
            "passwordRetryCount",
            "pwdPolicySubentry",
            "pwdReset",
            "pwdGraceUseTime",
            "pwdLastSuccess",
            "pwdTPRValidFrom",
            "pwdMinLength",
            "pwdMaxAge",
            "krbPasswordExpiration",
            "krbLastPwdChange",
            "sambaPwdLastSet",
            "sambaPwdCanChange",
            "sambaPwdMustChange",
            "sambaBadPasswordCount",
            "shadowLastChange",
            "ms-Mcs-AdmPwdExpirationTime",
            "msLAPS-PasswordExpirationTime",
            "msDS-UserPasswordExpiryTimeComputed",
            "msDS-KeyCredentialLink",
            "msDS-ManagedPasswordId",
            "iplanet-am-user-password-reset-force-reset",
            "iplanet-am-user-password-reset-options",
            "ds-pwp-password-expiration-time",
            "ds-pwp-password-policy-dn",
            "sshPublicKey",
            "ipaPublicKey",
            "automountKey",
            "dNSKey",
            "description",
            "cn",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn keys_by_the_schema() {
        for (name, expected) in [
            ("acmeKey", true),
            ("acmekeys;x-a", true),
            ("acmePublicKey", false),
            ("sshPublicKey", false),
            ("keyRing", false),
        ] {
            assert_eq!(is_octet_string_key(name), expected, "{name}");
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn no_name_is_in_both_tables() {
        let both: Vec<_> = KNOWN_SECRETS.intersection(&KNOWN_ORDINARY).collect();
        assert!(both.is_empty(), "{both:?}");
    }
}
