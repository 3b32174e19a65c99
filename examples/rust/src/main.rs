fn main() {
    for argument in std::env::args().skip(1) {
        match argument.parse() {
            Ok(number) => println!("{}", roman::roman(number)),
            Err(error) => eprintln!("{argument}: {error}"),
        }
    }
}
