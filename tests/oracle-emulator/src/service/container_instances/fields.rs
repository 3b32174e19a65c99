//! What a container instance is created from, by Oracle's documentation and SDK.

use crate::shape::{Field, Kind, may, need};

const TEXTS: Kind = Kind::Text(65_536);

const SHAPE_CONFIG: &[Field] =
    &[need("ocpus", Kind::Number(0.0, 1000.0)), may("memoryInGBs", Kind::Number(0.0, 10_000.0))];

const CONFIG: &[Field] =
    &[need("fileName", Kind::Text(255)), need("data", Kind::Base64), may("path", Kind::Text(1024))];

const FILE_SYSTEM: &[Field] = &[
    need("name", Kind::Text(255)),
    need("mountTarget", Kind::Any),
    need("export", Kind::Any),
    need("security", Kind::Any),
    may("mountCommand", Kind::Any),
    need("subnetId", Kind::Id("subnet")),
];

const VOLUME: Kind = Kind::Tagged(
    "volumeType",
    &[
        (
            "EMPTYDIR",
            &[need("name", Kind::Text(255)), may("backingStore", Kind::OneOf(&["EPHEMERAL_STORAGE", "MEMORY"]))],
        ),
        ("CONFIGFILE", &[need("name", Kind::Text(255)), may("configs", Kind::List(&Kind::Object(CONFIG), 0, 1000))]),
        ("OCI_FSS_FILE_SYSTEM", FILE_SYSTEM),
    ],
);

const MOUNT: &[Field] = &[
    need("mountPath", Kind::Text(1024)),
    need("volumeName", Kind::Text(255)),
    may("subPath", Kind::Text(1024)),
    may("isReadOnly", Kind::Flag),
    may("partition", Kind::Whole(0, 128)),
];

const RESOURCES: &[Field] =
    &[may("vcpusLimit", Kind::Number(0.0, 1000.0)), may("memoryLimitInGBs", Kind::Number(0.0, 10_000.0))];

const HEADER: &[Field] = &[need("name", Kind::Text(255)), need("value", Kind::Text(1024))];

const HEALTH_CHECK: Kind = Kind::Tagged(
    "healthCheckType",
    &[
        (
            "HTTP",
            &[
                may("name", Kind::Text(255)),
                need("path", Kind::Text(1024)),
                need("port", Kind::Whole(1, 65_535)),
                may("headers", Kind::List(&Kind::Object(HEADER), 0, 100)),
                may("initialDelayInSeconds", Kind::Whole(0, 3600)),
                may("intervalInSeconds", Kind::Whole(1, 3600)),
                may("failureThreshold", Kind::Whole(1, 1000)),
                may("successThreshold", Kind::Whole(1, 1000)),
                may("timeoutInSeconds", Kind::Whole(1, 3600)),
                may("failureAction", Kind::OneOf(&["KILL", "NONE"])),
            ],
        ),
        (
            "TCP",
            &[
                may("name", Kind::Text(255)),
                need("port", Kind::Whole(1, 65_535)),
                may("initialDelayInSeconds", Kind::Whole(0, 3600)),
                may("intervalInSeconds", Kind::Whole(1, 3600)),
                may("failureThreshold", Kind::Whole(1, 1000)),
                may("successThreshold", Kind::Whole(1, 1000)),
                may("timeoutInSeconds", Kind::Whole(1, 3600)),
                may("failureAction", Kind::OneOf(&["KILL", "NONE"])),
            ],
        ),
    ],
);

const CAPABILITIES: &[Field] = &[
    may("addCapabilities", Kind::List(&Kind::Text(64), 0, 100)),
    may("dropCapabilities", Kind::List(&Kind::Text(64), 0, 100)),
];

const CONTAINER_SECURITY: Kind = Kind::Tagged(
    "securityContextType",
    &[(
        "LINUX",
        &[
            may("runAsUser", Kind::Whole(0, 65_535)),
            may("runAsGroup", Kind::Whole(0, 65_535)),
            may("isNonRootUserCheckEnabled", Kind::Flag),
            may("isRootFileSystemReadonly", Kind::Flag),
            may("capabilities", Kind::Object(CAPABILITIES)),
        ],
    )],
);

const INSTANCE_SECURITY: Kind = Kind::Tagged(
    "securityContextType",
    &[(
        "LINUX",
        &[
            may("fsGroup", Kind::Whole(0, 65_535)),
            may("fsGroupChangePolicy", Kind::OneOf(&["ALWAYS", "ON_ROOT_MISMATCH"])),
        ],
    )],
);

const CONTAINER: &[Field] = &[
    may("displayName", Kind::Text(255)),
    need("imageUrl", Kind::Text(1024)),
    may("command", Kind::List(&TEXTS, 0, 1000)),
    may("arguments", Kind::List(&TEXTS, 0, 1000)),
    may("workingDirectory", Kind::Text(1024)),
    may("environmentVariables", Kind::Texts),
    may("volumeMounts", Kind::List(&Kind::Object(MOUNT), 0, 32)),
    may("isResourcePrincipalDisabled", Kind::Flag),
    may("resourceConfig", Kind::Object(RESOURCES)),
    may("healthChecks", Kind::List(&HEALTH_CHECK, 0, 10)),
    may("securityContext", CONTAINER_SECURITY),
    may("freeformTags", Kind::Texts),
    may("definedTags", Kind::Any),
];

const VNIC: &[Field] = &[
    may("displayName", Kind::Text(255)),
    may("hostnameLabel", Kind::Text(63)),
    may("isPublicIpAssigned", Kind::Flag),
    may("skipSourceDestCheck", Kind::Flag),
    may("nsgIds", Kind::List(&Kind::Id("networksecuritygroup"), 0, 5)),
    may("privateIp", Kind::Text(46)),
    need("subnetId", Kind::Id("subnet")),
    may("freeformTags", Kind::Texts),
    may("definedTags", Kind::Any),
];

const DNS: &[Field] = &[
    may("nameservers", Kind::List(&Kind::Text(255), 0, 3)),
    may("searches", Kind::List(&Kind::Text(255), 0, 6)),
    may("options", Kind::List(&Kind::Text(255), 0, 100)),
];

const PULL_SECRET: Kind = Kind::Tagged(
    "secretType",
    &[
        (
            "BASIC",
            &[
                need("registryEndpoint", Kind::Text(255)),
                need("username", Kind::Base64),
                need("password", Kind::Base64),
            ],
        ),
        ("VAULT", &[need("registryEndpoint", Kind::Text(255)), need("secretId", Kind::Id("vaultsecret"))]),
    ],
);

pub(super) const CREATE: &[Field] = &[
    may("displayName", Kind::Text(255)),
    need("compartmentId", Kind::Text(255)),
    need("availabilityDomain", Kind::Text(255)),
    may("faultDomain", Kind::OneOf(&["FAULT-DOMAIN-1", "FAULT-DOMAIN-2", "FAULT-DOMAIN-3"])),
    need("shape", Kind::Text(255)),
    need("shapeConfig", Kind::Object(SHAPE_CONFIG)),
    may("volumes", Kind::List(&VOLUME, 0, 32)),
    need("containers", Kind::List(&Kind::Object(CONTAINER), 1, 60)),
    need("vnics", Kind::List(&Kind::Object(VNIC), 1, 1)),
    may("dnsConfig", Kind::Object(DNS)),
    may("gracefulShutdownTimeoutInSeconds", Kind::Whole(0, 300)),
    may("imagePullSecrets", Kind::List(&PULL_SECRET, 0, 10)),
    may("containerRestartPolicy", Kind::OneOf(&["ALWAYS", "NEVER", "ON_FAILURE"])),
    may("freeformTags", Kind::Texts),
    may("definedTags", Kind::Any),
    may("securityContext", INSTANCE_SECURITY),
];

pub(super) const UPDATE: &[Field] =
    &[may("displayName", Kind::Text(255)), may("freeformTags", Kind::Texts), may("definedTags", Kind::Any)];
