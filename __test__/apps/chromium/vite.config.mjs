// In development Vite moves the code of packages elsewhere, away from the wasm file beside it: not this one's.
export default { optimizeDeps: { exclude: ['limitr'] }, build: { target: 'es2022' }, logLevel: 'error' }
