//! A change as one flat object, `{seq, at, type, …}`, written without a tree of values in between.

use std::fmt::Display;

use serde::ser::{Error, Impossible, SerializeMap, SerializeStruct, SerializeStructVariant};
use serde::{Serialize, Serializer};

use super::Change;

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("seq", &self.seq)?;
        object.serialize_entry("at", &self.at)?;
        self.effect.serialize(Flat(&mut object))?;
        object.end()
    }
}

/// Writes an effect, a variant with fields, into an object: its name under `type`, then its fields.
struct Flat<'a, M>(&'a mut M);

fn no_object<T, E: Error>(what: impl Display) -> Result<T, E> {
    Err(E::custom(format_args!("an effect is an object, not {what}")))
}

/// Refuses what no effect is.
macro_rules! refuse {
    ($($method:ident($($given:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $given),*) -> Result<$ok, M::Error> {
            no_object(stringify!($method))
        })*
    };
}

impl<M: SerializeMap> Serializer for Flat<'_, M> {
    type Ok = ();
    type Error = M::Error;
    type SerializeSeq = Impossible<(), M::Error>;
    type SerializeTuple = Impossible<(), M::Error>;
    type SerializeTupleStruct = Impossible<(), M::Error>;
    type SerializeTupleVariant = Impossible<(), M::Error>;
    type SerializeMap = Impossible<(), M::Error>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        kind: &'static str,
        said: &V,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry("type", kind)?;
        said.serialize(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        kind: &'static str,
        _: usize,
    ) -> Result<Self, M::Error> {
        self.0.serialize_entry("type", kind)?;
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, M::Error> {
        Ok(self)
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        said: &V,
    ) -> Result<(), M::Error> {
        said.serialize(self)
    }

    fn serialize_some<V: Serialize + ?Sized>(self, said: &V) -> Result<(), M::Error> {
        said.serialize(self)
    }

    refuse! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
    }
}

impl<M: SerializeMap> SerializeStruct for Flat<'_, M> {
    type Ok = ();
    type Error = M::Error;

    fn serialize_field<V: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &V,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    fn end(self) -> Result<(), M::Error> {
        Ok(())
    }
}

impl<M: SerializeMap> SerializeStructVariant for Flat<'_, M> {
    type Ok = ();
    type Error = M::Error;

    fn serialize_field<V: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &V,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    fn end(self) -> Result<(), M::Error> {
        Ok(())
    }
}
