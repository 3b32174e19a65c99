"""Oracle's SDK for Python calls the double, and prints nothing unless something is wrong."""

import datetime
import io
import sys
import threading
import time

import oci

url, path, socket = sys.argv[1:]
config = oci.config.from_file(path)
none = oci.retry.NoneRetryStrategy()
compartment = "ocid1.compartment.oc1..aaaatest"


def client(kind, *more):
    return kind(config, *more, **({} if more else {"service_endpoint": url}), retry_strategy=none)


def refused(status, code, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except oci.exceptions.ServiceError as error:
        assert (error.status, error.code) == (status, code), error
        assert error.request_id, error
        return error
    raise AssertionError(f"{call} was not refused")


def until(call, *arguments, **wanted):
    for _ in range(1000):
        shown = call(*arguments).data
        if all(getattr(shown, name) == value for name, value in wanted.items()):
            return shown
        time.sleep(0.02)
    raise AssertionError(f"it stays {shown}")


def container_instances():
    ci = client(oci.container_instances.ContainerInstanceClient)
    m = oci.container_instances.models

    def details(script, **more):
        return m.CreateContainerInstanceDetails(
            display_name="from the SDK", compartment_id=compartment, availability_domain="Uocm:EU-FRANKFURT-1-AD-1",
            shape="CI.Standard.E4.Flex", container_restart_policy="NEVER", graceful_shutdown_timeout_in_seconds=1,
            shape_config=m.CreateContainerInstanceShapeConfigDetails(ocpus=1, memory_in_gbs=2),
            volumes=[m.CreateContainerEmptyDirVolumeDetails(name="v", backing_store="EPHEMERAL_STORAGE")],
            containers=[m.CreateContainerDetails(
                display_name="job", image_url="docker.io/library/alpine:3.20", command=["/bin/sh", "-c"], arguments=[script],
                is_resource_principal_disabled=True, environment_variables={"A": "1"},
                volume_mounts=[m.CreateVolumeMountDetails(mount_path="/mci/v", volume_name="v")],
                resource_config=m.CreateContainerResourceConfigDetails(vcpus_limit=1.5, memory_limit_in_gbs=1.0),
                health_checks=[m.CreateContainerHttpHealthCheckDetails(name="h", path="/health", port=8080)],
                security_context=m.CreateLinuxSecurityContextDetails(run_as_user=0, run_as_group=0))],
            vnics=[m.CreateContainerVnicDetails(subnet_id="ocid1.subnet.oc1.eu-frankfurt-1.a")],
            freeform_tags={"job-id": "j"}, **more)

    made = ci.create_container_instance(details("echo $A; exit 3"), opc_retry_token="one")
    assert made.data.lifecycle_state == "CREATING" and made.headers["etag"] and made.headers["opc-work-request-id"]
    again = ci.create_container_instance(details("echo $A; exit 3"), opc_retry_token="one")
    assert again.data.id == made.data.id, "one token, one instance"
    refused(409, "InvalidatedRetryToken", ci.create_container_instance, details("true"), opc_retry_token="one")
    shown = until(ci.get_container_instance, made.data.id, lifecycle_state="INACTIVE")
    assert shown.shape_config.memory_in_gbs == 2 and shown.volume_count == 1 and shown.time_created.tzinfo
    work = ci.get_work_request(made.headers["opc-work-request-id"]).data
    assert work.status == "SUCCEEDED" and work.resources[0].identifier == made.data.id, work
    container = ci.get_container(shown.containers[0].container_id).data
    assert container.exit_code == 3 and container.time_terminated and container.lifecycle_state == "INACTIVE", container
    assert ci.retrieve_logs(container.id).data.text == "1\n"
    rows = ci.list_containers(compartment, container_instance_id=made.data.id).data.items
    assert [row.id for row in rows] == [container.id]

    more = [ci.create_container_instance(details("trap exit TERM; sleep 100 & wait")).data.id for _ in range(3)]
    seen = oci.pagination.list_call_get_all_results(ci.list_container_instances, compartment, limit=2, sort_order="ASC").data
    assert [row.id for row in seen] == [made.data.id, *more], seen
    until(ci.get_container_instance, more[0], lifecycle_state="ACTIVE")
    updated = ci.update_container_instance(
        more[0], m.UpdateContainerInstanceDetails(freeform_tags={"x": "y"}), if_match=ci.get_container_instance(more[0]).headers["etag"])
    assert updated.headers["opc-work-request-id"]
    assert ci.get_container_instance(more[0]).data.freeform_tags == {"x": "y"}
    refused(412, "NoEtagMatch", ci.delete_container_instance, more[0], if_match="another")
    ci.stop_container_instance(more[0])
    refused(409, "IncorrectState", ci.stop_container_instance, more[0])
    until(ci.get_container_instance, more[0], lifecycle_state="INACTIVE")
    ci.start_container_instance(more[0])
    until(ci.get_container_instance, more[0], lifecycle_state="ACTIVE")
    for id in [made.data.id, *more]:
        until(ci.get_container_instance, id, lifecycle_state="INACTIVE" if id == made.data.id else "ACTIVE")
        ci.delete_container_instance(id)
        until(ci.get_container_instance, id, lifecycle_state="DELETED")
    refused(409, "InvalidatedRetryToken", ci.create_container_instance, details("echo $A; exit 3"), opc_retry_token="one")
    assert any(shape.name == "CI.Standard.A1.Flex" for shape in ci.list_container_instance_shapes(compartment).data.items)
    refused(404, "NotAuthorizedOrNotFound", ci.get_container_instance, "ocid1.computecontainerinstance.oc1..none")
    failed = ci.create_container_instance(details("true", fault_domain="FAULT-DOMAIN-2")).headers["opc-work-request-id"]
    until(ci.get_work_request, failed, status="SUCCEEDED")
    assert ci.list_work_request_errors(failed).data.items == []
    assert ci.list_work_request_logs(failed).data.items


def object_storage():
    os = client(oci.object_storage.ObjectStorageClient)
    m = oci.object_storage.models
    ns = os.get_namespace().data
    os.create_bucket(ns, m.CreateBucketDetails(name="bkt", compartment_id=compartment))
    refused(409, "BucketAlreadyExists", os.create_bucket, ns, m.CreateBucketDetails(name="bkt", compartment_id=compartment))
    assert [bucket.name for bucket in os.list_buckets(ns, compartment).data] == ["bkt"]
    name = "org/repo/build 1/src#1.tgz"
    put = os.put_object(ns, "bkt", name, b"hello world", content_type="application/gzip", opc_meta={"app": "x"}, if_none_match="*")
    refused(412, "IfNoneMatchFailed", os.put_object, ns, "bkt", name, b"other", if_none_match="*")
    got = os.get_object(ns, "bkt", name, range="bytes=0-4")
    assert got.data.content == b"hello" and got.headers["opc-meta-app"] == "x" and got.headers["etag"] == put.headers["etag"]
    assert os.head_object(ns, "bkt", name).headers["content-length"] == "11"
    refused(404, "ObjectNotFound", os.get_object, ns, "bkt", "none")
    for number in range(5):
        os.put_object(ns, "bkt", f"b/{number}/x", io.BytesIO(b"%d" % number))
    listed = os.list_objects(ns, "bkt", prefix="b/", limit=2, fields="name,size,etag,timeCreated").data
    assert [row.name for row in listed.objects] == ["b/0/x", "b/1/x"] and listed.next_start_with == "b/2/x"
    assert os.list_objects(ns, "bkt", prefix="b/", delimiter="/").data.prefixes == [f"b/{number}/" for number in range(5)]
    rows = oci.pagination.list_call_get_all_results(os.list_objects, ns, "bkt", prefix="b/", limit=2).data
    assert len(rows.objects if hasattr(rows, "objects") else rows) == 5, rows
    # What is large goes up in parts, as its own manager does it.
    large = b"0123456789abcdef" * (25 * 1024 * 64)
    manager = oci.object_storage.UploadManager(os, allow_parallel_uploads=True)
    manager.upload_stream(ns, "bkt", "large", io.BytesIO(large), part_size=10 * 1024 * 1024)
    assert os.get_object(ns, "bkt", "large").data.content == large
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    par = os.create_preauthenticated_request(ns, "bkt", m.CreatePreauthenticatedRequestDetails(
        name="n", access_type="AnyObjectReadWrite", object_name="jobs/", time_expires=expires)).data
    from oci._vendor import requests
    assert requests.put(url + par.access_uri + "jobs/1", data=b"x").status_code == 200
    assert requests.get(url + par.access_uri + "jobs/1").content == b"x"
    assert requests.get(url + par.access_uri + "large").status_code == 404
    os.delete_preauthenticated_request(ns, "bkt", par.id)
    assert requests.get(url + par.access_uri + "jobs/1").status_code == 401
    refused(409, "BucketNotEmpty", os.delete_bucket, ns, "bkt")


def queues():
    admin = client(oci.queue.QueueAdminClient)
    m = oci.queue.models
    admin.create_queue(m.CreateQueueDetails(display_name="q", compartment_id=compartment, visibility_in_seconds=30, dead_letter_queue_delivery_count=2))
    queue = admin.get_queue(admin.list_queues(compartment_id=compartment, display_name="q").data.items[0].id).data
    q = oci.queue.QueueClient(config, service_endpoint=queue.messages_endpoint, retry_strategy=none)
    entry = m.PutMessagesDetailsEntry(content='{"type":"build/queued"}', metadata=m.MessageMetadata(channel_id="ch1", custom_properties={"k": "v"}))
    put = q.put_messages(queue.id, m.PutMessagesDetails(messages=[entry, entry])).data
    assert [message.id for message in put.messages] == [1, 2]
    assert q.list_channels(queue.id).data.items == ["ch1"]
    first, second = q.get_messages(queue.id, timeout_in_seconds=0, limit=10, visibility_in_seconds=30).data.messages
    assert first.content == entry.content and first.delivery_count == 1 and first.metadata.custom_properties == {"k": "v"}
    assert q.get_messages(queue.id, timeout_in_seconds=0).data.messages == []
    assert q.get_stats(queue.id).data.queue.in_flight_messages == 2
    q.update_message(queue.id, first.receipt, m.UpdateMessageDetails(visibility_in_seconds=60))
    q.delete_message(queue.id, first.receipt)
    refused(404, "NotAuthorizedOrNotFound", q.delete_message, queue.id, first.receipt)
    result = q.delete_messages(queue.id, m.DeleteMessagesDetails(entries=[
        m.DeleteMessagesDetailsEntry(receipt=second.receipt), m.DeleteMessagesDetailsEntry(receipt="b")])).data
    assert result.client_failures == 1 and result.entries[1].error_code == 404 and result.entries[0].error_code is None
    # Who waits is told as soon as there is something.
    later = threading.Timer(0.3, lambda: q.put_messages(queue.id, m.PutMessagesDetails(messages=[entry])))
    later.start()
    begun = time.monotonic()
    assert len(q.get_messages(queue.id, timeout_in_seconds=20).data.messages) == 1
    assert time.monotonic() - begun < 10


def streams():
    admin = client(oci.streaming.StreamAdminClient)
    m = oci.streaming.models
    stream = admin.create_stream(m.CreateStreamDetails(name="s", partitions=2, compartment_id=compartment)).data
    s = oci.streaming.StreamClient(config, service_endpoint=stream.messages_endpoint, retry_strategy=none)
    put = s.put_messages(stream.id, m.PutMessagesDetails(messages=[
        m.PutMessagesDetailsEntry(key="aw==", value="MQ=="), m.PutMessagesDetailsEntry(key="aw==", value="Mg==")])).data
    assert put.failures == 0 and [entry.offset for entry in put.entries] == [0, 1], put
    partition = put.entries[0].partition
    cursor = s.create_cursor(stream.id, m.CreateCursorDetails(partition=partition, type="AFTER_OFFSET", offset=0)).data.value
    got = s.get_messages(stream.id, cursor, limit=10)
    assert [message.value for message in got.data] == ["Mg=="]
    assert s.get_messages(stream.id, got.headers["opc-next-cursor"]).data == []
    group = m.CreateGroupCursorDetails(type="TRIM_HORIZON", group_name="g", instance_name="i1", commit_on_get=False)
    cursor = s.create_group_cursor(stream.id, group).data.value
    got = s.get_messages(stream.id, cursor)
    assert len(got.data) == 2
    again = s.get_messages(stream.id, s.create_group_cursor(stream.id, group).data.value)
    assert len(again.data) == 2, "nothing was committed"
    cursor = s.consumer_commit(stream.id, got.headers["opc-next-cursor"]).data.value
    s.consumer_heartbeat(stream.id, cursor)
    again = s.get_messages(stream.id, s.create_group_cursor(stream.id, group).data.value)
    assert again.data == [], "all was committed"
    refused(400, "InvalidParameter", s.get_messages, stream.id, "Q1VSU09S")


def vault():
    vaults = client(oci.vault.VaultsClient)
    m = oci.vault.models
    made = vaults.create_secret(m.CreateSecretDetails(
        compartment_id=compartment, vault_id="ocid1.vault.oc1..v", key_id="ocid1.key.oc1..k", secret_name="enc-key",
        secret_content=m.Base64SecretContentDetails(content="c2VjcmV0"))).data
    vaults.update_secret(made.id, m.UpdateSecretDetails(secret_content=m.Base64SecretContentDetails(content="bmV3")))
    secrets = client(oci.secrets.SecretsClient)
    content = secrets.get_secret_bundle_by_name("enc-key", "ocid1.vault.oc1..v").data
    assert content.secret_bundle_content.content == "bmV3" and content.version_number == 2
    assert secrets.get_secret_bundle(made.id, version_number=1).data.secret_bundle_content.content == "c2VjcmV0"
    kms = oci.key_management.KmsCryptoClient(config, url, retry_strategy=none)
    m = oci.key_management.models
    made = kms.generate_data_encryption_key(m.GenerateKeyDetails(
        include_plaintext_key=True, key_id="ocid1.key.oc1..k", key_shape=m.KeyShape(algorithm="AES", length=32),
        associated_data={"a": "b"})).data
    opened = kms.decrypt(m.DecryptDataDetails(ciphertext=made.ciphertext, key_id="ocid1.key.oc1..k", associated_data={"a": "b"})).data
    assert opened.plaintext == made.plaintext and opened.plaintext_checksum == made.plaintext_checksum
    refused(400, "InvalidParameter", kms.decrypt, m.DecryptDataDetails(ciphertext=made.ciphertext, key_id="ocid1.key.oc1..k"))
    sealed = kms.encrypt(m.EncryptDataDetails(key_id="ocid1.key.oc1..k", plaintext="eA==")).data.ciphertext
    assert kms.decrypt(m.DecryptDataDetails(ciphertext=sealed, key_id="ocid1.key.oc1..k")).data.plaintext == "eA=="


def functions():
    f = client(oci.functions.FunctionsInvokeClient)
    got = f.invoke_function("ocid1.fnfunc.oc1..f", invoke_function_body='{"a":1}', fn_intent="httprequest")
    assert got.data.content == b'{"a":1}' and got.headers["fn-call-id"], got.data.content
    assert f.invoke_function("ocid1.fnfunc.oc1..f", invoke_function_body="x", fn_invoke_type="detached").status == 202


def identity():
    who = client(oci.identity.IdentityClient)
    names = [domain.name for domain in who.list_availability_domains(config["tenancy"]).data]
    assert names == [f"Uocm:EU-FRANKFURT-1-AD-{number}" for number in (1, 2, 3)]
    assert who.get_user(config["user"]).data.lifecycle_state == "ACTIVE"
    logs = client(oci.loggingingestion.LoggingClient)
    m = oci.loggingingestion.models
    now = datetime.datetime.now(datetime.timezone.utc)
    logs.put_logs("ocid1.log.oc1..l", m.PutLogsDetails(specversion="1.0", log_entry_batches=[m.LogEntryBatch(
        entries=[m.LogEntry(data="line", id="1", time=now)], source="s", type="t", defaultlogentrytime=now)]))


def limits():
    lim = client(oci.limits.LimitsClient)
    tenancy, domain = config["tenancy"], "Uocm:EU-FRANKFURT-1-AD-2"
    assert [service.name for service in lim.list_services(tenancy).data] == ["compute"]
    rows = oci.pagination.list_call_get_all_results(lim.list_limit_values, tenancy, "compute", limit=5).data
    cores = [row for row in rows if row.name == "standard-e4-core-count"]
    assert len(cores) == 3 and all(row.scope_type == "AD" and row.value == 2000 for row in cores), rows
    one = lim.list_limit_values(tenancy, "compute", name="standard-e4-core-count", availability_domain=domain, scope_type="AD")
    assert [row.availability_domain for row in one.data] == [domain]
    assert lim.list_limit_values(tenancy, "compute", scope_type="REGION").data == []
    known = lim.list_limit_definitions(tenancy, service_name="compute", name="standard-e5-memory-count").data[0]
    assert known.is_resource_availability_supported and known.supported_quota_families == ["compute-memory"], known
    ci = client(oci.container_instances.ContainerInstanceClient)
    m = oci.container_instances.models
    made = ci.create_container_instance(m.CreateContainerInstanceDetails(
        compartment_id=compartment, availability_domain=domain, shape="CI.Standard.E4.Flex",
        shape_config=m.CreateContainerInstanceShapeConfigDetails(ocpus=3, memory_in_gbs=7),
        containers=[m.CreateContainerDetails(image_url="alpine", command=["true"])],
        vnics=[m.CreateContainerVnicDetails(subnet_id="ocid1.subnet.oc1..s")], container_restart_policy="NEVER")).data
    left = lim.get_resource_availability("compute", "standard-e4-core-count", compartment, availability_domain=domain).data
    assert left.used == 3 and left.available == 1997 and left.effective_quota_value is None, left
    left = lim.get_resource_availability("compute", "standard-e4-memory-count", tenancy, availability_domain=domain).data
    assert left.used == 0 and left.available == 31993, "the compartment's own usage, and what the tenancy has left"
    until(ci.get_container_instance, made.id, lifecycle_state="INACTIVE")
    ci.delete_container_instance(made.id)
    until(ci.get_container_instance, made.id, lifecycle_state="DELETED")
    left = lim.get_resource_availability("compute", "standard-e4-core-count", compartment, availability_domain=domain).data
    assert left.used == 0, "what is deleted counts no more"
    refused(400, "InvalidParameter", lim.get_resource_availability, "compute", "standard-e4-core-count", compartment)
    refused(404, "NotAuthorizedOrNotFound", lim.get_resource_availability, "compute", "none", compartment, availability_domain=domain)
    refused(404, "NotAuthorizedOrNotFound", lim.list_limit_values, compartment, "compute")


for story in [container_instances, object_storage, queues, streams, vault, functions, identity, limits]:
    story()
