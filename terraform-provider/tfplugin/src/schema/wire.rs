//! Schemas as the protocol has them.

use crate::proto;
use crate::proto::StringKind;
use crate::proto::schema::object::NestingMode;
use crate::schema::{Attribute, Kind, Nesting, Presence, Schema};

impl Schema {
    pub(crate) fn to_proto(&self) -> proto::Schema {
        let block = proto::schema::Block {
            version: self.version,
            attributes: self.attributes.iter().map(Attribute::to_proto).collect(),
            block_types: Vec::new(),
            description: self.description.clone(),
            description_kind: StringKind::Markdown.into(),
            deprecated: self.deprecated.is_some(),
            deprecation_message: self.deprecated.clone().unwrap_or_default(),
        };
        proto::Schema { version: self.version, block: Some(block) }
    }

    /// Where there is only a configuration, and nothing to compute.
    pub(crate) fn to_proto_config(&self) -> proto::Schema {
        let mut schema = self.clone();
        schema.attributes.iter_mut().for_each(Attribute::only_configured);
        schema.to_proto()
    }

    pub(crate) fn identity_to_proto(&self) -> Option<proto::ResourceIdentitySchema> {
        let attribute = |attribute: &Attribute| proto::resource_identity_schema::IdentityAttribute {
            name: attribute.name.clone(),
            r#type: attribute.kind.ty().to_bytes(),
            required_for_import: attribute.presence == Presence::Required,
            optional_for_import: attribute.presence != Presence::Required,
            description: attribute.description.clone(),
        };
        let identity_attributes: Vec<_> = self.attributes.iter().filter(|one| one.identity).map(attribute).collect();
        (!identity_attributes.is_empty()).then_some(proto::ResourceIdentitySchema { version: 0, identity_attributes })
    }
}

impl Attribute {
    fn only_configured(&mut self) {
        if self.presence == Presence::OptionalComputed {
            self.presence = Presence::Optional;
        }
        if let Kind::Nested(_, schema) = &mut self.kind {
            schema.attributes.iter_mut().for_each(Self::only_configured);
        }
    }

    fn to_proto(&self) -> proto::schema::Attribute {
        let (ty, nested_type) = match &self.kind {
            Kind::Plain(ty) => (ty.to_bytes(), None),
            Kind::Nested(nesting, schema) => (Vec::new(), Some(nested(*nesting, schema))),
        };
        proto::schema::Attribute {
            name: self.name.clone(),
            r#type: ty,
            nested_type,
            description: self.description.clone(),
            required: self.presence == Presence::Required,
            optional: matches!(self.presence, Presence::Optional | Presence::OptionalComputed),
            computed: self.is_computed(),
            sensitive: self.sensitive,
            description_kind: StringKind::Markdown.into(),
            deprecated: self.deprecated.is_some(),
            write_only: self.write_only,
            deprecation_message: self.deprecated.clone().unwrap_or_default(),
        }
    }
}

fn nested(nesting: Nesting, schema: &Schema) -> proto::schema::Object {
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    proto::schema::Object {
        attributes: schema.attributes.iter().map(Attribute::to_proto).collect(),
        nesting: nesting.into(),
        ..Default::default()
    }
}
