using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["local"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "out/worker.js"),
    (name = "limitr.wasm", wasm = embed "out/limitr.wasm"),
    (name = "limitr-stof.wasm", wasm = embed "out/limitr-stof.wasm")
  ],
  compatibilityDate = "2024-09-01",
  durableObjectNamespaces = [(className = "CloudGate", uniqueKey = "cloud-gate")],
  durableObjectStorage = (inMemory = void),
  bindings = [(name = "gates", durableObjectNamespace = "CloudGate")]
);
