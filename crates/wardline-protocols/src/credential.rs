//! Factory defaults: pairs of user and password that makers and their manuals publish.
//!
//! In: a pair seen in clear, compared here and dropped. Out: the name of the entry, nothing else of the pair.

/// The pairs that stand in the first pages of many manuals, whatever the maker; those of one maker are data.
const PAIRS: &[(&str, &str)] = &[
    ("admin", ""),
    ("admin", "1234"),
    ("admin", "12345"),
    ("admin", "123456"),
    ("admin", "admin"),
    ("admin", "default"),
    ("admin", "password"),
    ("administrator", "administrator"),
    ("administrator", "password"),
    ("guest", "guest"),
    ("operator", "operator"),
    ("orthanc", "orthanc"),
    ("pi", "raspberry"),
    ("root", ""),
    ("root", "admin"),
    ("root", "password"),
    ("root", "root"),
    ("service", "service"),
    ("support", "support"),
    ("tomcat", "tomcat"),
    ("ubnt", "ubnt"),
    ("user", "user"),
];

/// The name of the factory default that this pair is, if any.
pub(crate) fn known_default(user: &str, password: &str) -> Option<String> {
    let known = PAIRS.iter().find(|(u, p)| user.eq_ignore_ascii_case(u) && password == *p);
    known.map(|(user, password)| match *password {
        "" => format!("{user} without password"),
        password => format!("{user}/{password}"),
    })
}

#[cfg(test)]
mod tests {
    use super::known_default;

    #[test]
    fn only_published_pairs_have_a_name() {
        assert_eq!(known_default("Admin", "admin").as_deref(), Some("admin/admin"));
        assert_eq!(known_default("root", "").as_deref(), Some("root without password"));
        assert_eq!(known_default("admin", "Admin"), None);
        assert_eq!(known_default("", ""), None);
    }
}
