ldap_add: Object class violation (65)
	additional info: attribute "contextcsn" not allowed

