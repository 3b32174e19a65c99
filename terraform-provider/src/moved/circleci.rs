//! Schedules of CircleCI: there are two providers with a `circleci_schedule`, and none of them has cron.

use serde_json::Value as Json;
use tfplugin::Moved;

/// The repository: of `project_slug`, or of `organization` and `project`. Empty where it is none.
pub(crate) fn repo(source: &Moved) -> String {
    match (super::set(source, "organization"), super::set(source, "project")) {
        (Some(org), Some(project)) => super::named(&format!("{org}/{project}")),
        _ => super::repo(source, "project_slug"),
    }
}

/// When it fires, as cron has it; empty where cron cannot say so. What stands there is how often it fires in each of the hours of
/// some days, at minutes that CircleCI chooses.
pub(crate) fn cron(source: &Moved) -> String {
    let timetable = source.state.get("timetable").and_then(Json::as_object).unwrap_or(&source.state);
    let minutes = match timetable.get("per_hour").and_then(Json::as_u64) {
        Some(1) => "0".to_owned(),
        Some(often @ 2..=60) if 60 % often == 0 => format!("*/{}", 60 / often),
        _ => return String::new(),
    };
    let field = |name: &str| {
        let all = timetable.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let words: Option<Vec<_>> = all.iter().map(word).collect();
        words.map(|words| if words.is_empty() { "*".to_owned() } else { words.join(",") })
    };
    let fields = [field("hours_of_day"), field("days_of_month"), field("months"), field("days_of_week")];
    let fields: Option<Vec<_>> = fields.into_iter().collect();
    fields.map(|fields| format!("{minutes} {}", fields.join(" "))).unwrap_or_default()
}

/// A number, or three letters of a name: `MON` of `MONDAY`.
fn word(value: &Json) -> Option<String> {
    match value {
        Json::Number(number) => number.as_u64().map(|number| number.to_string()),
        Json::String(name) => name.get(..3).map(str::to_ascii_uppercase),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(state: Json) -> Moved {
        let state = state.as_object().cloned().unwrap_or_default();
        Moved { provider: String::new(), type_name: "circleci_schedule".to_owned(), version: 0, state }
    }

    #[test]
    fn a_timetable_is_cron_where_cron_can_say_it() {
        for (timetable, said) in [
            (json!({ "per_hour": 1, "hours_of_day": [0], "days_of_week": ["MON"] }), "0 0 * * MON"),
            (
                json!({ "per_hour": 4, "hours_of_day": [9, 23], "days_of_week": ["MON", "TUES"] }),
                "*/15 9,23 * * MON,TUE",
            ),
            (
                json!({ "per_hour": 1, "hours_of_day": [15], "days_of_month": [1], "months": ["JAN", "JUL"] }),
                "0 15 1 JAN,JUL *",
            ),
            (json!({ "per_hour": 60, "hours_of_day": [] }), "*/1 * * * *"),
            (json!({ "per_hour": 7, "hours_of_day": [0] }), ""),
            (json!({ "per_hour": 1, "hours_of_day": ["0"] }), ""),
            (json!({ "per_hour": 0 }), ""),
            (json!({}), ""),
        ] {
            assert_eq!(cron(&source(json!({ "timetable": timetable }))), said, "{timetable}");
            assert_eq!(cron(&source(timetable.clone())), said, "{timetable}");
        }
    }

    #[test]
    fn a_repository_is_a_slug_or_two_names() {
        assert_eq!(repo(&source(json!({ "project_slug": "github/acme/web" }))), "acme/web");
        assert_eq!(repo(&source(json!({ "organization": "acme", "project": "web" }))), "acme/web");
        assert_eq!(repo(&source(json!({ "organization": "acme", "project": "a b" }))), "");
        assert_eq!(repo(&source(json!({}))), "");
    }
}
