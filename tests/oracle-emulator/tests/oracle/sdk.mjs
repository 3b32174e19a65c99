// Oracle's SDK for JavaScript calls the double, and ends well unless something is wrong.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const [url, path, folder] = process.argv.slice(2);
const require = createRequire(join(folder, "node_modules", "nothing.js"));
const common = require("oci-common");
const { ContainerInstanceClient } = require("oci-containerinstances");
const { ObjectStorageClient } = require("oci-objectstorage");
const { QueueAdminClient, QueueClient } = require("oci-queue");
const { LimitsClient } = require("oci-limits");

const authenticationDetailsProvider = new common.ConfigFileAuthenticationDetailsProvider(path, "DEFAULT");
const tenancy = authenticationDetailsProvider.getTenantId();
const compartmentId = "ocid1.compartment.oc1..aaaatest";
const availabilityDomain = "Uocm:EU-FRANKFURT-1-AD-1";
const once = { retryConfiguration: common.NoRetryConfigurationDetails };

function client(Kind, endpoint = url) {
  const made = new Kind({ authenticationDetailsProvider }, once);
  made.endpoint = endpoint;
  return made;
}

async function refused(statusCode, serviceCode, call) {
  await assert.rejects(call, (error) => {
    assert.deepEqual([error.statusCode, error.serviceCode], [statusCode, serviceCode], String(error.message));
    return true;
  });
}

async function until(ask, state) {
  for (let left = 1000; left > 0; left -= 1) {
    const shown = await ask();
    if (shown.lifecycleState === state) return shown;
    await setTimeout(20);
  }
  throw new Error(`it does not become ${state}`);
}

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

async function containerInstances() {
  const ci = client(ContainerInstanceClient);
  const details = (script) => ({
    compartmentId,
    availabilityDomain,
    displayName: "from the SDK",
    shape: "CI.Standard.E4.Flex",
    shapeConfig: { ocpus: 1, memoryInGBs: 2 },
    volumes: [{ name: "v", volumeType: "EMPTYDIR", backingStore: "EPHEMERAL_STORAGE" }],
    containers: [{
      displayName: "job",
      imageUrl: "docker.io/library/alpine:3.20",
      command: ["/bin/sh", "-c"],
      arguments: [script],
      isResourcePrincipalDisabled: true,
      environmentVariables: { A: "1" },
      volumeMounts: [{ mountPath: "/mci/v", volumeName: "v" }],
      resourceConfig: { vcpusLimit: 1.5, memoryLimitInGBs: 1.0 },
    }],
    vnics: [{ subnetId: "ocid1.subnet.oc1.eu-frankfurt-1.a" }],
    containerRestartPolicy: "NEVER",
    gracefulShutdownTimeoutInSeconds: 1,
    freeformTags: { "job-id": "grüße" },
  });
  const create = (script) =>
    ci.createContainerInstance({ createContainerInstanceDetails: details(script), opcRetryToken: "js" });
  const made = await create("echo $A; exit 3");
  assert.ok(made.opcWorkRequestId && made.etag);
  assert.equal((await create("echo $A; exit 3")).containerInstance.id, made.containerInstance.id);
  await refused(409, "InvalidatedRetryToken", () => create("true"));
  const containerInstanceId = made.containerInstance.id;
  const get = async () => (await ci.getContainerInstance({ containerInstanceId })).containerInstance;
  const shown = await until(get, "INACTIVE");
  assert.equal(shown.freeformTags["job-id"], "grüße");
  assert.equal(shown.shapeConfig.memoryInGBs, 2);
  const containerId = shown.containers[0].containerId;
  const { container } = await ci.getContainer({ containerId });
  assert.equal(container.exitCode, 3);
  assert.equal(await text((await ci.retrieveLogs({ containerId })).value), "1\n");
  const listed = await ci.listContainerInstances({ compartmentId, limit: 1 });
  assert.deepEqual(listed.containerInstanceCollection.items.map(({ id }) => id), [containerInstanceId]);
  await ci.deleteContainerInstance({ containerInstanceId });
  await until(get, "DELETED");
  await refused(404, "NotAuthorizedOrNotFound", () => ci.getContainer({ containerId: "ocid1.computecontainer.oc1..none" }));
}

async function objectStorage() {
  const os = client(ObjectStorageClient);
  const namespaceName = (await os.getNamespace({})).value;
  const at = { namespaceName, bucketName: "js" };
  await os.createBucket({ namespaceName, createBucketDetails: { name: "js", compartmentId } });
  const objectName = "org/repo/build 1/grüße#1.txt";
  const putObjectBody = "hello world";
  const put = { ...at, objectName, putObjectBody, contentLength: putObjectBody.length, ifNoneMatch: "*" };
  await os.putObject(put);
  await refused(412, "IfNoneMatchFailed", () => os.putObject(put));
  assert.equal(await text((await os.getObject({ ...at, objectName })).value), putObjectBody);
  const listed = await os.listObjects({ ...at, prefix: "org/", fields: "name,size" });
  assert.deepEqual(listed.listObjects.objects.map(({ name, size }) => [name, size]), [[objectName, 11]]);
  await os.deleteObject({ ...at, objectName });
  await refused(404, "ObjectNotFound", () => os.getObject({ ...at, objectName }));
}

async function queues() {
  const admin = client(QueueAdminClient);
  await admin.createQueue({ createQueueDetails: { displayName: "js", compartmentId, visibilityInSeconds: 30 } });
  const { queueCollection } = await admin.listQueues({ compartmentId, displayName: "js" });
  const { queue } = await admin.getQueue({ queueId: queueCollection.items[0].id });
  const q = client(QueueClient, queue.messagesEndpoint);
  const queueId = queue.id;
  await q.putMessages({ queueId, putMessagesDetails: { messages: [{ content: "grüße" }] } });
  const { getMessages } = await q.getMessages({ queueId, timeoutInSeconds: 0, limit: 10 });
  assert.equal(getMessages.messages[0].content, "grüße");
  await q.deleteMessage({ queueId, messageReceipt: getMessages.messages[0].receipt });
  assert.equal((await q.getStats({ queueId })).queueStats.queue.inFlightMessages, 0);
}

async function limits() {
  const lim = client(LimitsClient);
  const serviceName = "compute";
  const rows = [];
  for await (const row of lim.listLimitValuesRecordIterator({ compartmentId: tenancy, serviceName, limit: 5 })) rows.push(row);
  const cores = rows.filter(({ name }) => name === "standard-e4-core-count");
  assert.deepEqual(cores.map(({ value, scopeType }) => [value, scopeType]), Array(3).fill([2000, "AD"]));
  const of = { serviceName, limitName: "standard-e4-core-count", compartmentId };
  const left = await lim.getResourceAvailability({ ...of, availabilityDomain });
  assert.ok(left.resourceAvailability.available > 0);
  await refused(400, "InvalidParameter", () => lim.getResourceAvailability(of));
}

for (const story of [containerInstances, objectStorage, queues, limits]) await story();
process.exit(0);
