// Sends what the test looks for, by the client as it comes from npm. HTTP_PROXY says where.
'use strict';
const stathat = require('node-stathat').setup({});
const key = process.argv[2];
stathat.trackEZCount(key, 'node hits', 12);
stathat.trackEZValue(key, 'node temperature', 21.5);
