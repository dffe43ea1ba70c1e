-- Asks Stagedoor about each request (forward-auth); see docs/forward-auth.md. HAProxy 2.6 or later.
--
--   http-request lua.stagedoor-auth http://127.0.0.1:8080/.stagedoor/auth
--   http-response lua.stagedoor-session

-- Headers of the client that Stagedoor gets. All others that it gets are set by HAProxy itself (below).
local client_headers = {
  'accept', 'authorization', 'cookie', 'origin', 'purpose', 'sec-fetch-dest', 'sec-fetch-mode', 'sec-fetch-site',
  'sec-purpose', 'sec-websocket-key', 'user-agent', 'x-moz', 'x-requested-with',
}

-- Headers that name another method than the request line. Stagedoor gets them too, and refuses such a request.
local method_overrides = { ['x-http-method-override'] = true, ['x-http-method'] = true, ['x-method-override'] = true }

-- Headers that the service gets from Stagedoor's answer only; those of the client are removed.
local answer_headers = { 'x-stagedoor-assertion', 'authorization', 'cookie', 'x-request-id', 'traceparent' }

-- Identity headers of Stagedoor and of other proxies, removed from requests. Add those that your services believe.
local reserved = {
  'x-stagedoor-', 'x-forwarded-', 'x-original-', 'x-rewrite-url', 'x-real-ip', 'x-auth-request-', 'x-oauth2-proxy-',
  'x-ms-token-', 'x-ms-client-principal', 'x-goog-iap-', 'x-goog-authenticated-', 'x-amzn-oidc-', 'cf-access-',
  'x-pomerium-', 'remote-',
}

-- Some services read `X_Name` or `X.Name` as `X-Name`.
local function folded(name)
  return (name:lower():gsub('[^a-z0-9]', '-'))
end

local function is_reserved(name)
  for _, beginning in ipairs(reserved) do
    if folded(name):sub(1, #beginning) == beginning then return true end
  end
  return false
end

-- Values of a header as a list; HAProxy counts from 0 in a request and in an answer.
local function values_of(headers, name)
  local list = {}
  local values = headers[name]
  local i = 0
  while values and values[i] do
    list[#list + 1] = values[i]
    i = i + 1
  end
  return list
end

local function question(txn, received)
  local headers = {}
  for _, name in ipairs(client_headers) do
    local values = values_of(received, name)
    if #values > 0 then headers[name] = values end
  end
  for name in pairs(received) do
    if method_overrides[folded(name)] then headers[name] = values_of(received, name) end
  end
  local is_tls = txn.sf:ssl_fc()
  headers['x-forwarded-for'] = { txn.sf:src() }
  headers['x-forwarded-proto'] = { (is_tls == true or is_tls == 1 or is_tls == '1') and 'https' or 'http' }
  headers['x-forwarded-host'] = { values_of(received, 'host')[1] or '' }
  headers['x-forwarded-method'] = { txn.sf:method() }
  headers['x-forwarded-uri'] = { txn.sf:pathq() }
  return headers
end

local function let_pass(txn, received, answer)
  for name in pairs(received) do
    if is_reserved(name) then txn.http:req_del_header(name) end
  end
  for _, name in ipairs(answer_headers) do
    txn.http:req_del_header(name)
    for _, value in ipairs(values_of(answer.headers, name)) do txn.http:req_add_header(name, value) end
  end
  txn:set_priv(values_of(answer.headers, 'set-cookie'))
end

local function refuse(txn, answer)
  local reply = txn:reply()
  local status = answer and answer.status
  -- Only 204 allows the request. Without an answer it is refused.
  if not status or status < 300 then
    reply:set_status(503)
    return txn:done(reply)
  end
  reply:set_status(status)
  for _, name in ipairs({ 'content-type', 'location', 'cache-control', 'x-request-id', 'set-cookie',
    'content-security-policy', 'referrer-policy', 'x-content-type-options', 'x-frame-options', 'retry-after',
    'www-authenticate' }) do
    for _, value in ipairs(values_of(answer.headers, name)) do reply:add_header(name, value) end
  end
  reply:add_header('content-length', tostring(#(answer.body or '')))
  reply:set_body(answer.body or '')
  txn:done(reply)
end

core.register_action('stagedoor-auth', { 'http-req' }, function(txn, url)
  local received = txn.http:req_get_headers()
  local answer = core.httpclient():get({ url = url, headers = question(txn, received), timeout = 10000 })
  if answer and answer.status == 204 then return let_pass(txn, received, answer) end
  refuse(txn, answer)
end, 1)

-- The cookie of a session that Stagedoor renewed while it was asked.
core.register_action('stagedoor-session', { 'http-res' }, function(txn)
  for _, line in ipairs(txn:get_priv() or {}) do txn.http:res_add_header('set-cookie', line) end
end, 0)
