use roman::roman;

#[test]
fn numbers_are_written_as_the_romans_did() {
    for (number, text) in [(0, ""), (1, "I"), (4, "IV"), (9, "IX"), (14, "XIV"), (1994, "MCMXCIV"), (2026, "MMXXVI")] {
        assert_eq!(roman(number), text);
    }
}
