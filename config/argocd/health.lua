-- Health of a TodoPlatform for Argo CD: docs/gitops.md says where this goes.
local health = { status = "Progressing", message = "Waiting for the operator" }

if obj.metadata.deletionTimestamp ~= nil then
  health.message = "Being deleted"
  return health
end
-- The operator has not acted on this generation yet: what the conditions say is about an older one.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  conditions[condition.type] = condition
end

local function holds(type)
  return conditions[type] ~= nil and conditions[type].status == "True"
end

if holds("Stalled") then
  return { status = "Degraded", message = conditions["Stalled"].message }
end
if holds("Paused") then
  return { status = "Suspended", message = conditions["Paused"].message }
end
if holds("Ready") then
  return { status = "Healthy", message = conditions["Ready"].message }
end
if conditions["Ready"] ~= nil then
  health.message = conditions["Ready"].message
end
return health
