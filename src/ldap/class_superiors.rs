//! The superclasses of object classes without a schema, for filters.
//!
//! An entry belongs to every superclass of its classes, even if its `objectClass` values do not list them (RFC 4512, 2.4.1).
//! [`object_classes`] has the superclasses of the classes whose attributes are known. The table here adds the classes of the
//! servers' schema files that derive from a class other than `top`, and the classes that these derive from. A class that is
//! in neither table derives from `top`.
//!
//! Sources: the schema files of OpenLDAP 2.5 and 389 Directory Server 2.3 (core, cosine, corba, java, namedobject,
//! openldap, msuser; 00core, 02common, 30ns-common, 50ns-admin, 60kerberos, 60krb5kdc, 60posix-winsync-plugin,
//! 60rfc3712), `cn=config` of slapd 2.5, 60basev2 of `FreeIPA`, MS-ADSC. Active Directory lists all superclasses in the
//! entries themselves.

use super::object_classes;

/// The names of an object class and its superclasses.
#[derive(Clone, Copy, Debug)]
pub struct ClassNames {
    /// Dotted-decimal OID, or what its schema has in place of the OID, or empty.
    pub oid: &'static str,
    /// All short names, at least one.
    pub names: &'static [&'static str],
    /// The direct superclasses.
    pub superiors: &'static [&'static str],
}

/// All classes of [`object_classes`] and of the table here.
pub fn all() -> impl Iterator<Item = ClassNames> {
    let known = object_classes::all().iter();
    let known = known.map(|class| ClassNames { oid: class.oid, names: class.names, superiors: class.superiors });
    known.chain(FURTHER_CLASSES.iter().copied())
}

const fn row(oid: &'static str, names: &'static [&'static str], superiors: &'static [&'static str]) -> ClassNames {
    ClassNames { oid, names, superiors }
}

#[rustfmt::skip]
static FURTHER_CLASSES: &[ClassNames] = &[
    // X.521, RFC 4523
    row("2.5.6.12",   &["applicationEntity"],         &["top"]),
    row("2.5.6.13",   &["dSA"],                       &["applicationEntity"]),
    row("2.5.6.16",   &["certificationAuthority"],    &["top"]),
    row("2.5.6.16.2", &["certificationAuthority-V2"], &["certificationAuthority"]),

    // COSINE (RFC 1274), spelled as by OpenLDAP
    row("0.9.2342.19200300.100.4.4",  &["pilotPerson", "newPilotPerson"], &["person"]),
    row("0.9.2342.19200300.100.4.15", &["dNSDomain"],         &["domain"]),
    row("0.9.2342.19200300.100.4.20", &["pilotOrganization"], &["organization", "organizationalUnit"]),
    row("0.9.2342.19200300.100.4.21", &["pilotDSA"],          &["dSA"]),

    // OpenLDAP
    row("1.3.6.1.4.1.4203.1.4.3", &["OpenLDAPorg"],    &["organization"]),
    row("1.3.6.1.4.1.4203.1.4.4", &["OpenLDAPou"],     &["organizationalUnit"]),
    row("1.3.6.1.4.1.4203.1.4.5", &["OpenLDAPperson"], &["pilotPerson", "inetOrgPerson"]),
    row("1.3.6.1.4.1.5427.1.389.6.20", &["namedObject"], &["top"]),
    row("1.3.6.1.4.1.5427.1.389.6.21", &["namedPolicy"], &["namedObject"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.0.0", &["olcConfig"],         &["top"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.0.1", &["olcGlobal"],         &["olcConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.0.2", &["olcSchemaConfig"],   &["olcConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.0.3", &["olcBackendConfig"],  &["olcConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.0.4", &["olcDatabaseConfig"], &["olcConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.0.5", &["olcOverlayConfig"],  &["olcConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.0.6", &["olcIncludeFile"],    &["olcConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.0.8", &["olcModuleList"],     &["olcConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.1.12.1", &["olcMdbBkConfig"],  &["olcBackendConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.2.2.1",  &["olcLdifConfig"],    &["olcDatabaseConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.2.4.1",  &["olcMonitorConfig"], &["olcDatabaseConfig"]),
    row("1.3.6.1.4.1.4203.1.12.2.4.2.12.1", &["olcMdbConfig"],     &["olcDatabaseConfig"]),

    // Java and CORBA objects (RFC 2713, 2714), printers (RFC 3712)
    row("1.3.6.1.4.1.42.2.27.4.2.4",  &["javaObject"],           &["top"]),
    row("1.3.6.1.4.1.42.2.27.4.2.5",  &["javaSerializedObject"], &["javaObject"]),
    row("1.3.6.1.4.1.42.2.27.4.2.7",  &["javaNamingReference"],  &["javaObject"]),
    row("1.3.6.1.4.1.42.2.27.4.2.8",  &["javaMarshalledObject"], &["javaObject"]),
    row("1.3.6.1.4.1.42.2.27.4.2.9",  &["corbaObject"],          &["top"]),
    row("1.3.6.1.4.1.42.2.27.4.2.11", &["corbaObjectReference"], &["corbaObject"]),
    row("1.3.18.0.2.6.258", &["printerAbstract"],        &["top"]),
    row("1.3.18.0.2.6.255", &["printerService"],         &["printerAbstract"]),
    row("1.3.18.0.2.6.257", &["printerServiceAuxClass"], &["printerAbstract"]),

    // 389 DS, Sun DSEE: subentries, roles, class of service, the administration server
    row("2.16.840.1.113719.2.142.6.1.1", &["ldapSubEntry"],         &["top"]),
    row("2.16.840.1.113730.3.2.93",  &["nsRoleDefinition"],         &["ldapSubEntry"]),
    row("2.16.840.1.113730.3.2.94",  &["nsSimpleRoleDefinition"],   &["nsRoleDefinition"]),
    row("2.16.840.1.113730.3.2.95",  &["nsComplexRoleDefinition"],  &["nsRoleDefinition"]),
    row("2.16.840.1.113730.3.2.96",  &["nsManagedRoleDefinition"],  &["nsSimpleRoleDefinition"]),
    row("2.16.840.1.113730.3.2.97",  &["nsFilteredRoleDefinition"], &["nsComplexRoleDefinition"]),
    row("2.16.840.1.113730.3.2.98",  &["nsNestedRoleDefinition"],   &["nsComplexRoleDefinition"]),
    row("2.16.840.1.113730.3.2.99",  &["cosSuperDefinition"],       &["ldapSubEntry"]),
    row("2.16.840.1.113730.3.2.100", &["cosClassicDefinition"],     &["cosSuperDefinition"]),
    row("2.16.840.1.113730.3.2.101", &["cosPointerDefinition"],     &["cosSuperDefinition"]),
    row("2.16.840.1.113730.3.2.102", &["cosIndirectDefinition"],    &["cosSuperDefinition"]),
    row("2.16.840.1.113730.3.2.326", &["dynamicGroup"],             &["posixGroup"]),
    row("nsAdminDomain-oid",         &["nsAdminDomain"],            &["organizationalUnit"]),
    row("nsConfig-oid",              &["nsConfig"],                 &["top"]),
    row("nsAdminConfig-oid",         &["nsAdminConfig"],            &["nsConfig"]),
    row("nsAdminObject-oid",         &["nsAdminObject"],            &["top"]),
    row("nsAdminResourceEditorExtension-oid", &["nsAdminResourceEditorExtension"], &["nsAdminObject"]),
    row("nsCustomView-oid",          &["nsCustomView"],             &["nsAdminObject"]),
    row("nsTopologyCustomView-oid",  &["nsTopologyCustomView"],     &["nsCustomView"]),
    row("nsTopologyPlugin-oid",      &["nsTopologyPlugin"],         &["nsAdminObject"]),

    // Kerberos, FreeIPA
    row("2.16.840.1.113719.1.301.6.3.1",  &["krbService"],    &["top"]),
    row("2.16.840.1.113719.1.301.6.4.1",  &["krbKdcService"], &["krbService"]),
    row("2.16.840.1.113719.1.301.6.5.1",  &["krbPwdService"], &["krbService"]),
    row("2.16.840.1.113719.1.301.6.13.1", &["krbAdmService"], &["krbService"]),
    row("1.3.6.1.4.1.5322.10.2.1",        &["krb5Principal"], &["top"]),
    row("1.3.6.1.4.1.5322.10.2.2",        &["krb5KDCEntry"],  &["krb5Principal"]),
    row("", &["nestedGroup"],  &["groupOfNames"]),
    row("", &["ipaUserGroup"], &["nestedGroup"]),

    // Active Directory
    row("1.2.840.113556.1.5.9",   &["user"],     &["organizationalPerson"]),
    row("1.2.840.113556.1.5.15",  &["contact"],  &["organizationalPerson"]),
    row("1.2.840.113556.1.3.30",  &["computer"], &["user"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_one_class_and_every_superior_is_known() {
        let mut seen = std::collections::BTreeSet::new();
        for class in all() {
            assert!(!class.names.is_empty());
            for name in class.names.iter().chain((!class.oid.is_empty()).then_some(&class.oid)) {
                assert!(seen.insert(name.to_ascii_lowercase()), "{name} appears twice");
            }
        }
        for class in all() {
            for superior in class.superiors {
                assert!(seen.contains(&superior.to_ascii_lowercase()), "{:?}: {superior} is missing", class.names);
            }
        }
    }
}
