//! report.html in a browser: Debian's `chromium`, headless. Without it these tests fail; `tests/run` installs it.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::programs;
use crate::support::{AS_OF, offboard, plan_scenario, root, scenario_file, stderr};

/// Takes steps in a page. Gives their results, and the browser's complaints.
fn drive(page: &Path, steps: &[Value]) -> (Vec<Value>, Vec<String>) {
    let mut command = programs::python(&root().join("tests/browser/drive.py"));
    command.arg(programs::program("chromium", "chromium")).arg(page);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("python starts");
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(steps).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", programs::output_text(&output));
    let mut outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    let complaints = outcome["complaints"].as_array().unwrap().iter().map(ToString::to_string).collect();
    (std::mem::take(outcome["results"].as_array_mut().unwrap()), complaints)
}

/// The step that evaluates an expression.
fn of(expression: &str) -> Value {
    json!({ "evaluate": expression })
}

/// The accounts that are shown, in order.
const SHOWN: &str =
    "Array.from(document.querySelectorAll('#account-list > li:not([hidden]) .who'), who => who.textContent)";

/// The number of accounts that are shown, as the page has it.
const COUNT: &str = "document.getElementById('shown').textContent";

/// The step that chooses an option in a list.
fn choose(list: &str, value: &str) -> Value {
    of(&format!(
        "{{ const list = document.getElementById('{list}'); list.value = '{value}'; \
         list.dispatchEvent(new Event('change')); list.value }}"
    ))
}

fn report(name: &str, place: &Path) -> std::path::PathBuf {
    let set = place.join("set");
    let output = plan_scenario(name, &set, &[]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    set.join("report.html")
}

/// How many pages a PDF has.
fn pages(pdf: &Path) -> usize {
    let bytes = std::fs::read(pdf).unwrap();
    assert!(bytes.starts_with(b"%PDF-"), "not a PDF");
    String::from_utf8_lossy(&bytes).matches("/Type /Page\n").count()
}

#[test]
fn accounts_are_searched_filtered_sorted_and_unfolded() {
    let place = tempfile::tempdir().unwrap();
    let page = report("three-domains", place.path());
    let pdf = |name: &str| place.path().join(name);
    let opened = "document.querySelectorAll('#account-list details[open]').length";
    let (results, complaints) = drive(
        &page,
        &[
            of(COUNT),
            // By keyboard: typed into the field.
            of("document.getElementById('search').focus()"),
            json!({ "type": "equal UIDs" }),
            of(COUNT),
            of(SHOWN),
            of("{ const field = document.getElementById('search'); field.value = ''; \
                field.dispatchEvent(new Event('input')) }"),
            choose("step", "disable"),
            of(SHOWN),
            choose("step", ""),
            choose("stage", "services"),
            of(SHOWN),
            choose("stage", ""),
            of("document.getElementById('with-items').click()"),
            of(SHOWN),
            of("document.getElementById('with-items').click()"),
            of(COUNT),
            choose("sort", "name"),
            of(SHOWN),
            // A fold opens by keyboard, and by a link to it.
            of("document.querySelector('#account-list summary').focus()"),
            json!({ "press": "Enter" }),
            of(opened),
            of("document.querySelector('#decision-items ~ * a[href=\"#account-0\"]').click()"),
            of("new Promise(done => setTimeout(done, 200))"),
            of("document.querySelector('#account-0 details').open"),
            of("document.getElementById('unfold').click()"),
            of(opened),
            of("document.getElementById('fold').click()"),
            of(opened),
            // Printing unfolds everything, and folds it again on the screen.
            json!({ "pdf": pdf("folded.pdf") }),
            of(opened),
            // The accessibility tree that a screen reader reads.
            json!({ "tree": "searchbox" }),
            json!({ "tree": "combobox" }),
            json!({ "tree": "columnheader" }),
            json!({ "tree": "heading" }),
        ],
    );
    assert_eq!(complaints, Vec::<String>::new());
    let names = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    assert_eq!(results[0], "18 accounts");
    assert_eq!((&results[3], names(&results[4])), (&json!("1 of 18 accounts"), vec!["jsmith@sesta.com".to_owned()]));
    assert_eq!(names(&results[7]).len(), 2, "two are disabled");
    assert_eq!(names(&results[10]).len(), 2, "two are stripped");
    let reviewed = ["jsmith@sesta.com", "mrossi@varrius.com", "ohara@siroe.com", "rjones@siroe.com"];
    let mut found = names(&results[13]);
    found.sort();
    assert_eq!(found, reviewed);
    assert_eq!(results[15], "18 accounts");
    let sorted = names(&results[17]);
    assert!(sorted.len() == 18 && sorted.is_sorted(), "{sorted:?}");
    assert_eq!(results[20], 1);
    assert_eq!(results[23], true);
    assert_eq!((&results[25], &results[27], &results[29]), (&json!(18), &json!(0), &json!(0)));
    assert!(pages(&pdf("folded.pdf")) > 10, "{} pages", pages(&pdf("folded.pdf")));
    assert_eq!(names(&results[30]), ["Search"]);
    assert_eq!(names(&results[31]), ["Decision", "Stage", "Sort by"]);
    assert!(names(&results[32]).contains(&"what was checked".to_owned()));
    assert_eq!(names(&results[33])[..4], ["Offboarding plan", "Counts", "Policy", "Limits"]);
}

/// A browser cannot lay out thousands of unfolded accounts: they are printed folded. The accounts that a filter leaves
/// are printed unfolded.
#[test]
fn many_accounts_on_paper() {
    use std::fmt::Write as _;
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let mut export = "dn: dc=example\nobjectClass: domain\ndc: example\nstructuralObjectClass: domain\n".to_owned();
    let mut list = "uid\n".to_owned();
    for number in 0..3000 {
        let _ = write!(
            export,
            "\ndn: uid=u{number},dc=example\nobjectClass: inetOrgPerson\nuid: u{number}\ncn: User\nsn: User\n"
        );
        let _ = writeln!(list, "u{number}");
    }
    std::fs::write(at("export.ldif"), export).unwrap();
    std::fs::write(at("leavers.csv"), list).unwrap();
    std::fs::write(
        at("policy.toml"),
        "preset = \"openldap\"\n[directory]\nsuffixes = [\"dc=example\"]\n[accounts]\nbase = [\"dc=example\"]\n\
         [grace]\ndays = 0\n",
    )
    .unwrap();
    let mut command = offboard();
    command
        .args(["plan", "--as-of", AS_OF, "--allow-date", "--limit", "delete=3000", "-p"])
        .arg(at("policy.toml"))
        .arg("-l");
    command.arg(at("leavers.csv")).arg("-o").arg(at("set")).arg(at("export.ldif"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (results, complaints) = drive(
        &at("set/report.html"),
        &[
            json!({ "pdf": at("all.pdf") }),
            of("document.getElementById('paper').hidden"),
            of("document.getElementById('search').focus()"),
            json!({ "type": "uid=u29" }),
            of(COUNT),
            json!({ "pdf": at("some.pdf") }),
        ],
    );
    assert_eq!(complaints, Vec::<String>::new());
    assert_eq!((&results[1], &results[4]), (&json!(true), &json!("111 of 3,000 accounts")));
    let (all, some) = (pages(&at("all.pdf")), pages(&at("some.pdf")));
    assert!(all < some && some > 50, "{all} and {some} pages");
}

/// The page can be read without its script.
#[test]
fn without_script_the_page_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let page = report("three-domains", place.path());
    let pdf = place.path().join("report.pdf");
    let (results, complaints) = drive(
        &page,
        &[
            json!({ "script": false }),
            json!({ "tree": "searchbox" }),
            json!({ "tree": "heading" }),
            json!({ "press": "Tab" }),
            json!({ "tree": "link" }),
            json!({ "pdf": pdf }),
        ],
    );
    assert_eq!(complaints, Vec::<String>::new());
    assert_eq!(results[1], json!([]), "controls that would do nothing are not shown");
    assert!(results[2].as_array().unwrap().contains(&json!("Accounts")));
    assert_eq!(results[4][0], "Skip to the accounts");
    assert!(pages(&pdf) > 10, "{} pages", pages(&pdf));
}

/// DNs and values that are markup, script, URLs, direction marks, or very long.
#[test]
fn hostile_values_do_nothing() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    let scenario = std::fs::read_to_string(root().join(scenario_file("every-reference", "export.ldif"))).unwrap();
    let long = "x <script>hit = 1</script> ".repeat(40_000);
    let values = format!(
        "description: <script>hit = 1</script><img src=x onerror='hit = 1'>\n\
         description: \" onmouseover=\"hit = 1\" style=\"color:red\n\
         description: javascript:hit=1\n\
         description: </pre></div></details></li></ul></style><base href=//192.0.2.1/>{{{{ 7*7 }}}}\n\
         description:: {}\n\
         description:: {}\n",
        data_encoding::BASE64.encode("bidi \u{202e}dlo\u{202c} \u{1b}[31m \u{0}".as_bytes()),
        data_encoding::BASE64.encode(long.as_bytes()),
    );
    let group = "\ndn: cn=\\<img src\\=x onerror\\=hit\\=1\\>\\\"\\' x\\=\\\"javascript:hit\\=1,ou=Groups,o=sesta.com,o=isp\n\
                 objectClass: top\nobjectClass: groupOfNames\ncn: <img src=x onerror=hit=1>\"' x=\"javascript:hit=1\n\
                 member: uid=jsmith,ou=People,o=sesta.com,o=isp\nmember: uid=ann,ou=People,o=sesta.com,o=isp\n\
                 description: <a href='javascript:hit=1'>x</a>\n";
    std::fs::write(&export, scenario.replacen("\nuid: jsmith\n", &format!("\nuid: jsmith\n{values}"), 1) + group)
        .unwrap();
    let list = place.path().join("leavers.csv");
    std::fs::write(&list, "id,action,note\njsmith@sesta.com,delete,\"<svg onload=hit=1> \u{202e}note\"\n").unwrap();
    let set = place.path().join("set");
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "-p", &scenario_file("every-reference", "policy.toml")]);
    command.args(["--ticket", "CHG-1</title><script>hit = 1</script>\u{202e}", "-l"]).arg(&list).arg("-o").arg(&set);
    command.arg(&export).arg(root().join(scenario_file("every-reference", "address-books.ldif")));
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let page = set.join("report.html");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(!html.contains('\u{202e}') && !html.contains('\u{1b}') && !html.contains('\0'));
    assert!(html.len() < 200_000, "{} bytes: a long value is shortened", html.len());

    let inject = "{ const script = document.createElement('script'); script.textContent = 'hit = 1'; \
                  document.body.append(script); const image = document.createElement('img'); \
                  image.src = 'file:///none.png'; document.body.append(image); \
                  const style = document.createElement('div'); style.setAttribute('style', 'color:red'); typeof hit }";
    let (results, complaints) = drive(
        &page,
        &[
            of("document.getElementById('unfold').click()"),
            of("typeof hit"),
            of(
                "Array.from(document.querySelectorAll('script, img, iframe, object, base, link, form, [style], [onload], \
                [onerror], [onmouseover]'), found => found.localName)",
            ),
            of("Array.from(document.querySelectorAll('[href], [src]'), link => link.getAttribute('href'))\
                .filter(href => !/^#[a-z]+(-[a-z0-9]+)?$/.test(href))"),
            of("document.body.textContent"),
            of("document.title"),
            // The Content-Security-Policy is in force: injected elements do not run.
            of(inject),
        ],
    );
    assert_eq!(results[1], "undefined");
    assert_eq!(results[2], json!(["script"]), "its own");
    assert_eq!(results[3], json!([]), "links go to places of this page");
    let text = results[4].as_str().unwrap();
    for shown in [
        "<script>hit = 1</script><img src=x onerror='hit = 1'>",
        "\" onmouseover=\"hit = 1\" style=\"color:red",
        "<base href=//192.0.2.1/>{{ 7*7 }}",
        "bidi \\u{202e}dlo\\u{202c} \\u{1b}[31m \\u{0}",
        "<svg onload=hit=1> \\u{202e}note",
        "(1080000 bytes)",
    ] {
        assert!(text.contains(shown), "{shown}");
    }
    assert!(results[5].as_str().unwrap().contains("</title><script>"), "{}", results[5]);
    assert_eq!(results[6], "undefined");
    let refused = complaints.iter().filter(|complaint| complaint.contains("Content Security Policy")).count();
    assert_eq!((complaints.len(), refused >= 2), (refused, true), "{complaints:?}");
}
