//! Where services are.

use oci_signer::{canonical, endpoint, realm_domain};

#[test]
fn services_are_found_by_the_name_or_the_code_of_a_region() {
    assert_eq!(canonical("FRA\n"), "eu-frankfurt-1");
    for region in ["fra", "eu-frankfurt-1", "EU-Frankfurt-1"] {
        assert_eq!(endpoint("secrets.vaults", region), "https://secrets.vaults.eu-frankfurt-1.oci.oraclecloud.com");
    }
    assert_eq!(realm_domain("uk-gov-london-1"), "oraclegovcloud.uk");
    assert_eq!(endpoint("auth", "eu-madrid-2"), "https://auth.eu-madrid-2.oci.oraclecloud.eu");
    assert_eq!(endpoint("auth", "xx-new-1"), "https://auth.xx-new-1.oci.oraclecloud.com", "most are there");
}
