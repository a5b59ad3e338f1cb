// The inventory module of Medusa behind a bare HTTP door of Node: one reservation, checked against the stock, a request.
// Nothing of Medusa's own server, workflows or authentication is in the way, so that the module is at its best.
// Arguments: URL of an empty database, how many items. Says its port and the ids of its items on standard output.

import { createServer } from "node:http"
import { createRequire } from "node:module"
import { join } from "node:path"

const require = createRequire(join(process.cwd(), "door.mjs"))
const { MedusaApp, MedusaAppMigrateUp } = require("@medusajs/modules-sdk")

const [url, items] = [process.argv[2], Number(process.argv[3])]
const SITE = "halden"
const modulesConfig = {
  inventory: {
    resolve: "@medusajs/inventory",
    options: { database: { clientUrl: url, driverOptions: { connection: { ssl: false } } } },
  },
}
const sharedResourcesConfig = { database: { clientUrl: url, driverOptions: { connection: { ssl: false } } } }

await MedusaAppMigrateUp({ modulesConfig, sharedResourcesConfig })
const { modules } = await MedusaApp({ modulesConfig, sharedResourcesConfig })
const inventory = modules.inventory

const made = await inventory.createInventoryItems(
  Array.from({ length: items }, (_, n) => ({ sku: `item-${n}`, title: `Item ${n}` })),
)
await inventory.createInventoryLevels(
  made.map((item) => ({ inventory_item_id: item.id, location_id: SITE, stocked_quantity: 1_000_000 })),
)

const server = createServer((request, response) => {
  const parts = []
  request.on("data", (part) => parts.push(part))
  request.on("end", async () => {
    let status = 201
    let said
    try {
      const { item, quantity, line } = JSON.parse(Buffer.concat(parts))
      said = await inventory.createReservationItems({
        inventory_item_id: item, location_id: SITE, quantity, line_item_id: line,
      })
    } catch (error) {
      status = error.type === "not_allowed" ? 409 : 500
      said = { error: String(error.message) }
    }
    const body = Buffer.from(JSON.stringify(said))
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": body.length })
    response.end(body)
  })
})
server.listen(0, "127.0.0.1", () => {
  console.log("DOOR " + JSON.stringify({ port: server.address().port, items: made.map((item) => item.id) }))
})
process.stdin.resume()
process.stdin.on("end", () => process.exit(0))
