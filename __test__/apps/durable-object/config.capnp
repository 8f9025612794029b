using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (path = "storage", writable = true))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "out/worker.js"),
    (name = "limitr.wasm", wasm = embed "out/limitr.wasm")
  ],
  compatibilityDate = "2024-09-01",
  durableObjectNamespaces = [
    (className = "Shelf", uniqueKey = "shelf"),
    (className = "SqlShelf", uniqueKey = "sql-shelf", enableSql = true),
    (className = "Gate", uniqueKey = "gate", enableSql = true)
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "shelves", durableObjectNamespace = "Shelf"),
    (name = "sqlShelves", durableObjectNamespace = "SqlShelf"),
    (name = "gates", durableObjectNamespace = "Gate")
  ]
);
