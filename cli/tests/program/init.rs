use crate::place::Place;

#[test]
fn a_first_script_is_written_once_and_has_no_mistakes() {
    let place = Place::empty();
    let ran = place.run(&["init"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.starts_with("Wrote .monkeyci/build.yaml\n"), "{}", ran.stdout);
    assert_eq!(place.run(&["verify"]).code, Some(0));
    assert_eq!(place.run(&["build"]).code, Some(0));

    let again = place.run(&["init"]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("`.monkeyci/build.yaml` is there already"), "{}", again.stderr);
}
