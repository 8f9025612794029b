//! What a frame looks like is a contract with every engine that is out there: a change of it shows here.

mod support;

use limitr_protocol::write;

#[test]
fn what_engines_say() {
    let frames: Vec<String> = support::ups().iter().map(|up| write(up).unwrap()).collect();
    insta::assert_snapshot!(frames.join("\n"));
}

#[test]
fn what_the_server_says() {
    let frames: Vec<String> = support::downs().iter().map(|down| write(down).unwrap()).collect();
    insta::assert_snapshot!(frames.join("\n"));
}
