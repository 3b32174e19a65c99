//! Server-sent events, as bytes come in (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

/// One message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its kind; empty when none is said.
    pub(crate) event: String,
    /// What it says.
    pub(crate) data: String,
    /// The id that was said last, by which a stream is resumed after it.
    pub(crate) id: Option<String>,
}

/// Puts messages together.
#[derive(Debug)]
pub(crate) struct Parser {
    most: usize,
    line: Vec<u8>,
    /// The last line ended with a carriage return: a line feed after it ends no line of its own.
    after_return: bool,
    message: Message,
    has_data: bool,
}

/// A message is longer than it may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Parser {
    /// Takes messages of at most `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, line: Vec::new(), after_return: false, message: Message::default(), has_data: false }
    }

    /// Takes in some bytes and puts the messages that are now whole into `whole`.
    pub(crate) fn feed(&mut self, bytes: &[u8], whole: &mut impl Extend<Message>) -> Result<(), TooLong> {
        for &byte in bytes {
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    whole.extend(self.end_of(&String::from_utf8_lossy(&line)));
                    self.line = line;
                    self.line.clear();
                }
                _ => {
                    self.after_return = false;
                    self.line.push(byte);
                }
            }
            if self.line.len() + self.message.data.len() > self.most {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    fn end_of(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let id = self.message.id.clone();
            let whole = std::mem::replace(&mut self.message, Message { id, ..Message::default() });
            let has_data = std::mem::take(&mut self.has_data);
            // A kind without data is a message here: the end of a stream needs no more.
            return (has_data || !whole.event.is_empty()).then_some(whole);
        }
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.message.event = value.to_owned(),
            "id" if !value.contains('\0') => self.message.id = Some(value.to_owned()),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.message.data.push('\n');
                }
                self.message.data.push_str(value);
            }
            // Comments keep a connection alive; what is unknown is to be passed over.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<(String, String, Option<String>)> {
        let mut parser = Parser::new(100);
        let mut whole = Vec::new();
        pieces.iter().for_each(|piece| parser.feed(piece, &mut whole).expect("short"));
        whole.into_iter().map(|message| (message.event, message.data, message.id)).collect()
    }

    fn message(event: &str, data: &str, id: Option<&str>) -> (String, String, Option<String>) {
        (event.into(), data.into(), id.map(str::to_owned))
    }

    #[test]
    fn messages_are_the_same_however_they_are_cut_and_lines_end() {
        let text = "\u{feff}: hello\nid: 1\nevent: job/end\ndata: {\ndata:}\nretry: 5\n\nid: 2\ndata\n\ndata:x\n\nevent: end\n\n\ndata: begun";
        let expected = [
            message("job/end", "{\n}", Some("1")),
            message("", "", Some("2")),
            message("", "x", Some("2")),
            message("end", "", Some("2")),
        ];
        for text in [text.to_owned(), text.replace('\n', "\r\n"), text.replace('\n', "\r")] {
            assert_eq!(read(&[text.as_bytes()]), expected);
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(read(&bytes), expected, "byte by byte");
        }
    }

    #[test]
    fn a_message_without_an_end_costs_no_more_than_it_may() {
        let mut whole = Vec::new();
        assert_eq!(Parser::new(100).feed(&[b'x'; 101], &mut whole), Err(TooLong));
        let many = "data: 123456789\n".repeat(11);
        assert_eq!(Parser::new(100).feed(many.as_bytes(), &mut whole), Err(TooLong));
        assert!(whole.is_empty());
    }
}
