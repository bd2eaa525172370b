//! Attributes whose values are never shown.
//!
//! The first row that applies decides:
//!
//! | attribute | its values are |
//! | --- | --- |
//! | in [`SECRETS`], by any of its names | secrets |
//! | in [`ORDINARY`], by any of its names | shown |
//! | its name has a [word of secrets](SECRET_WORDS) | secrets |
//! | its name has `credential`, and the rest of it does not say that a [title](is_qualification) is meant | secrets |
//! | its name has the word [`pin`](names_a_pin), or ends in [`pw` or `token`](SECRET_ENDINGS) | secrets |
//! | its name ends in `key` and says that the key is [not public](KEY_WORDS) | secrets |
//! | its name ends in `key`, and the schema says that it holds octet strings ([`is_octet_string_key`]) | secrets |
//! | any other | shown |
//!
//! What is only about a secret (`pwdLastSet`) is recognised by its whole name. Parts of names do not suffice: `passwordStorage`
//! ends in `age`, and is no age. With a schema, all names of an attribute type and of its supertypes count
//! (`render::sanitize`).
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
        "sunxmlKeyValue",
        "coreTokenObject",
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
        // Exchange Unified Messaging: the hash of a PIN.
        "msExchUMPinChecksum",
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
const ORDINARY: [Group; 14] = [
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
    // the identifier of a key, which is not the key (MS-ADA2).
    &["msDS-ManagedPasswordId", "msDS-ManagedPasswordPreviousId", "msDS-ManagedPasswordInterval"],
    // the name of a map entry (RFC 2307bis).
    &["automountKey"],
    // times, counts and states of a password policy: draft-behera-ldap-password-policy, slapo-ppolicy(5).
    &[
        "pwdAccountLockedTime",
        "pwdAccountDisabledTime",
        "pwdAccountTmpLockoutEnd",
        "pwdChangedTime",
        "pwdEndTime",
        "pwdExpirationWarned",
        "pwdFailureTime",
        "pwdGraceUseTime",
        "pwdLastSuccess",
        "pwdPolicySubentry",
        "pwdReset",
        "pwdStartTime",
        "pwdTPRValidFrom",
        "pwdTPRValidUntil",
        "pwdUniqueAttempts",
        "pwdLastAuthTime",
    ],
    // rules of a password policy, from the same sources.
    &[
        "pwdAllowUserChange",
        "pwdAttribute",
        "pwdCheckModule",
        "pwdCheckModuleArg",
        "pwdCheckQuality",
        "pwdExpireWarning",
        "pwdFailureCountInterval",
        "pwdGraceAuthNLimit",
        "pwdGraceLoginLimit",
        "pwdGraceExpiry",
        "pwdHistoryLength",
        "pwdInHistory",
        "pwdLockout",
        "pwdLockoutDuration",
        "pwdMaxAge",
        "pwdMaxDelay",
        "pwdMaxFailure",
        "pwdMaxIdle",
        "pwdMaxLength",
        "pwdMaxRecordedFailure",
        "pwdMinAge",
        "pwdMinDelay",
        "pwdMinLength",
        "pwdMustChange",
        "pwdSafeModify",
        "pwdUseCheckModule",
    ],
    // 389 Directory Server and DSEE: times, counts and states.
    &[
        "accountUnlockTime",
        "passwordAllowChangeTime",
        "passwordExpirationTime",
        "passwordExpWarned",
        "passwordGraceUserTime",
        "passwordPolicySubentry",
        "passwordRetryCount",
        "passwordTPRExpired",
        "passwordTPRExpTime",
        "passwordTPRUseCount",
        "passwordTPRReset",
        "pwdUpdateTime",
        "pwdpolicysubentry",
        "retryCountResetTime",
    ],
    // 389 Directory Server and DSEE: rules.
    &[
        "passwordAdminDN",
        "passwordAdminSkipInfoUpdate",
        "passwordBadWords",
        "passwordChange",
        "passwordCheckSyntax",
        "passwordDictCheck",
        "passwordDictPath",
        "passwordExp",
        "passwordGraceLimit",
        "passwordInHistory",
        "passwordIsGlobalPolicy",
        "passwordKeepHistory",
        "passwordLegacyPolicy",
        "passwordLockout",
        "passwordLockoutDuration",
        "passwordMax8Bit",
        "passwordMaxAge",
        "passwordMaxClassChars",
        "passwordMaxFailure",
        "passwordMaxRepeats",
        "passwordMaxSequence",
        "passwordMaxSeqSets",
        "passwordMin8Bit",
        "passwordMinAge",
        "passwordMinAlphas",
        "passwordMinCategories",
        "passwordMinDigits",
        "passwordMinLength",
        "passwordMinLowers",
        "passwordMinSpecials",
        "passwordMinTokenLength",
        "passwordMinUppers",
        "passwordMustChange",
        "passwordPalindrome",
        "passwordResetDuration",
        "passwordResetFailureCount",
        "passwordRootdnMayBypassModsChecks",
        "passwordSendExpiringTime",
        "passwordStorageScheme",
        "passwordTPRDelayExpireAt",
        "passwordTPRDelayValidFrom",
        "passwordTPRMaxUse",
        "passwordTrackUpdateTime",
        "passwordUnlock",
        "passwordUserAttributes",
        "passwordWarning",
    ],
    // Sun Access Manager 7.1: whether and how a user resets the password; the address to which it is sent.
    &[
        "iplanet-am-user-password-reset-force-reset",
        "iplanet-am-user-password-reset-options",
        "iplanet-am-user-password-resetoptions",
        "iplanet-am-password-reset-enabled",
    ],
    // Microsoft: MS-ADA1 to MS-ADA3; LAPS.
    &[
        "badPasswordTime",
        "badPwdCount",
        "maxPwdAge",
        "minPwdAge",
        "minPwdLength",
        "ms-Mcs-AdmPwdExpirationTime",
        "msDS-LastFailedInteractiveLogonTime",
        "msDS-MaximumPasswordAge",
        "msDS-MinimumPasswordAge",
        "msDS-MinimumPasswordLength",
        "msDS-PasswordComplexityEnabled",
        "msDS-PasswordHistoryLength",
        "msDS-PasswordReversibleEncryptionEnabled",
        "msDS-PasswordSettingsPrecedence",
        "msDS-UserPasswordExpired",
        "msDS-UserPasswordExpiryTimeComputed",
        "msDS-UserDontExpirePassword",
        "ms-DS-UserPasswordNotRequired",
        "ms-DS-UserEncryptedTextPasswordAllowed",
        "msLAPS-PasswordExpirationTime",
        "pwdLastSet",
        "pwdProperties",
        "uASCompat",
        "passwordSettings",
    ],
    // Samba and Kerberos: samba.schema, kerberos.schema; the Kerberos attributes of RFC 2307 clients.
    &[
        "sambaBadPasswordCount",
        "sambaBadPasswordTime",
        "sambaForceLogoff",
        "sambaMaxPwdAge",
        "sambaMinPwdAge",
        "sambaMinPwdLength",
        "sambaPwdCanChange",
        "sambaPwdHistoryLength",
        "sambaPwdLastSet",
        "sambaPwdMustChange",
        "sambaRefuseMachinePwdChange",
        "pwdCanChange",
        "pwdMustChange",
        "krbLastPwdChange",
        "krbMaxPwdLife",
        "krbMinPwdLife",
        "krbPasswordExpiration",
        "krbPwdFailureCountInterval",
        "krbPwdHistoryLength",
        "krbPwdLockoutDuration",
        "krbPwdMaxFailure",
        "krbPwdMinDiffChars",
        "krbPwdMinLength",
        "krbPwdPolicyReference",
        "ipaPwdDictCheck",
        "ipaPwdMaxRepeat",
        "ipaPwdMaxSequence",
        "ipaPwdUserCheck",
        "ipaUserAuthTypeClassPassword",
    ],
    // OpenDJ and PingDirectory.
    &[
        "ds-pwp-account-expiration-time",
        "ds-pwp-account-status-notification-handler",
        "ds-pwp-last-login-time",
        "ds-pwp-password-changed-by-required-time",
        "ds-pwp-password-expiration-time",
        "ds-pwp-password-policy-dn",
        "ds-pwp-reset-time",
        "ds-pwp-warned-time",
        "ds-cfg-default-password-policy",
        "ds-cfg-password-attribute",
        "ds-cfg-password-generator",
        "ds-cfg-password-validator",
        "ds-cfg-password-expiration-warning-interval",
        "ds-cfg-password-history-count",
        "ds-cfg-password-history-duration",
    ],
    // eDirectory: the password policy of NDS and of Universal Password.
    &[
        "nspmPasswordHistoryLimit",
        "nspmPasswordPolicyDN",
        "nspmPasswordACL",
        "nspmMinPasswordLength",
        "nspmMaximumPasswordLength",
        "passwordAllowChange",
        "passwordExpirationInterval",
        "passwordMinimumLength",
        "passwordRequired",
        "passwordUniqueRequired",
        "pwmLastPwdUpdate",
        "sasLoginFailureDelay",
    ],
    // Zimbra and others: rules, times and addresses.
    &[
        "zimbraForgotPasswordEnabled",
        "zimbraFeatureChangePasswordEnabled",
        "zimbraFeatureResetPasswordStatus",
        "zimbraPasswordAllowUsername",
        "zimbraPasswordBlockCommonEnabled",
        "zimbraPasswordEnforceHistory",
        "zimbraPasswordLocked",
        "zimbraPasswordLockoutDuration",
        "zimbraPasswordLockoutEnabled",
        "zimbraPasswordLockoutFailureLifetime",
        "zimbraPasswordLockoutFailureTime",
        "zimbraPasswordLockoutLockedTime",
        "zimbraPasswordLockoutMaxFailures",
        "zimbraPasswordMaxAge",
        "zimbraPasswordMaxLength",
        "zimbraPasswordMinAge",
        "zimbraPasswordMinAlphaChars",
        "zimbraPasswordMinDigitsOrPuncs",
        "zimbraPasswordMinLength",
        "zimbraPasswordMinLowerCaseChars",
        "zimbraPasswordMinNumericChars",
        "zimbraPasswordMinPunctuationChars",
        "zimbraPasswordMinUpperCaseChars",
        "zimbraPasswordModifiedTime",
        "zimbraPasswordMustChange",
        "zimbraPasswordRecoveryAddress",
        "zimbraPasswordRecoveryAddressStatus",
        "zimbraPasswordChangeListener",
        "passwordRecoveryMail",
    ],
];

/// Parts of the names of attributes that hold secrets.
const SECRET_WORDS: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    SECRET,
    "privatekey",
    "private-key",
    "nthash",
    "lmhash",
    "recoverycode",
    "scratchcode",
    "backupcode",
    "securityanswer",
    "otpseed",
    "authtoken",
];

/// `secretary` and `secretariat` begin in the same way.
const SECRET: &str = "secret";

/// Ends of the names of attributes that hold secrets: `bindPw`, `sessionToken`.
const SECRET_ENDINGS: [&str; 3] = ["pw", "token", "tokens"];

/// What comes before or after `credential` where a title, such as that of a physician, is meant.
const QUALIFICATIONS: [&str; 12] = [
    "academic",
    "professional",
    "educational",
    "medical",
    "clinical",
    "teaching",
    "title",
    "titles",
    "type",
    "name",
    "issuer",
    "level",
];

/// What a name that ends in `key` has if the key is not public.
const KEY_WORDS: [&str; 19] = [
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
    "access",
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
    let written = base_type(description);
    let name = canonical_name(written).to_ascii_lowercase();
    let is_named = || names_a_secret(&name) || names_a_credential(&name) || names_a_pin(written) || names_a_key(&name);
    KNOWN_SECRETS.contains(&name) || !KNOWN_ORDINARY.contains(&name) && is_named()
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

/// Whether a name, in lower case, has a word of secrets, or ends like the name of one.
fn names_a_secret(name: &str) -> bool {
    let is_secretary = |rest: &str| rest.starts_with("ary") || rest.starts_with("aria") || rest.starts_with("arie");
    let has = |word: &&str| {
        let mut rests = name.match_indices(*word).filter_map(|(at, found)| name.get(at + found.len()..));
        rests.any(|rest| *word != SECRET || !is_secretary(rest))
    };
    SECRET_WORDS.iter().any(has) || SECRET_ENDINGS.iter().any(|end| name.ends_with(end))
}

/// Whether a name, in lower case, is of credentials to log in with.
fn names_a_credential(name: &str) -> bool {
    name.match_indices("credential").any(|(at, found)| {
        let (before, after) = (&name[..at], &name[at + found.len()..]);
        !is_qualification(before.trim_end_matches(['-', '_']), after)
    })
}

/// Whether what comes before or after `credential` says that it is a title.
fn is_qualification(before: &str, after: &str) -> bool {
    let after = after.strip_prefix('s').unwrap_or(after).trim_start_matches(['-', '_']);
    let is_plain = after.is_empty();
    QUALIFICATIONS.iter().any(|word| after == *word || is_plain && before.ends_with(word))
}

/// Whether a name, as written, has the word `pin`: `userPin`, `card-pin`, `PINCode`. Without capitals nothing shows where a word
/// ends, so the whole name must end in it.
fn names_a_pin(name: &str) -> bool {
    let bytes = name.as_bytes();
    let is_mixed = bytes.iter().any(u8::is_ascii_lowercase) && bytes.iter().any(u8::is_ascii_uppercase);
    if !is_mixed && name.to_ascii_lowercase().ends_with("pin") {
        return true;
    }
    let begins = |at: usize| {
        let Some(before) = at.checked_sub(1).and_then(|before| bytes.get(before)) else { return true };
        !before.is_ascii_alphabetic() || is_mixed && before.is_ascii_lowercase() && bytes[at].is_ascii_uppercase()
            // `UMPin`: the last capital of several begins a word.
            || is_mixed && bytes[at].is_ascii_uppercase() && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase)
    };
    let ends = |end: usize| match (bytes.get(end), bytes.get(end + 1)) {
        (None, _) => true,
        (Some(next), _) if !next.is_ascii_alphabetic() => true,
        (Some(next), after) => {
            let was_capital = bytes[end - 1].is_ascii_uppercase();
            is_mixed && next.is_ascii_uppercase() && (!was_capital || after.is_some_and(u8::is_ascii_lowercase))
        }
    };
    let lower = name.to_ascii_lowercase();
    lower.match_indices("pin").any(|(at, _)| begins(at) && ends(at + 3))
}

fn names_a_key(name: &str) -> bool {
    ends_in_key(name) && !is_public(name) && KEY_WORDS.iter().any(|word| name.contains(word))
}

fn ends_in_key(name: &str) -> bool {
    name.ends_with("key") || name.ends_with("keys")
}

fn is_public(name: &str) -> bool {
    name.contains("public") || name.contains("pubkey") || name.contains("authorized")
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
            "passwordMinio",
            "pwdCanvas",
            "passwordFailover",
            "mailPasswordAccount",
            "clientSecretUpdated",
            "passwordStorage",
            "passwordPackage",
            "vaultSecretId",
            "passwordId",
            "secretaryPassword",
            "sunxmlKeyValue",
            "coreTokenObject",
            "msExchUMPinChecksum",
            "bindPw",
            "rootpw",
            "loginPw",
            "userPin",
            "acmeUMPinHash",
            "card-pin",
            "PINCode",
            "USERPIN",
            "pin",
            "sessionToken",
            "mfaToken",
            "bearerTokens",
            "recoveryCode",
            "scratchCodes",
            "s3AccessKey",
            "otpSeed",
            "securityAnswer",
            "academicCredentialHash",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_secrets() {
        for name in [
            "secretary",
            "secretaryName",
            "SECRETARIAT",
            "pwdLastSet",
            "pwdChangedTime",
            "pwdAccountLockedTime",
            "badPwdCount",
            "badPasswordTime",
            "passwordExpirationTime",
            "passwordRetryCount",
            "pwdPolicySubentry",
            "pwdReset",
            "authorizedKey",
            "sshAuthorizedKeys",
            "academicCredential",
            "credentialTitle",
            "professionalCredentials",
            "secretariat",
            "secretaries",
            "pinyinName",
            "shippingAddress",
            "displayNamePinyin",
            "spinRate",
            "tokenGroups",
            "ipatokenOwner",
            "PASSWORDEXPIRATIONTIME",
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
