package tigertonic

import "encoding/json"

// The schemas of the bodies of errors.

func stringSchema(description string) *Schema {
	return &Schema{Types: []string{"string"}, Description: description}
}

func classicErrorSchema() *Schema {
	return &Schema{
		Name: "Error", Package: packageName, Types: []string{"object"}, Closed: true,
		Description: "What has gone wrong.",
		Properties: []Property{
			{"description", true, stringSchema("What has gone wrong, for people.")},
			{"error", true, stringSchema("What the error is called.")},
		},
	}
}

// problemSchema returns the schema of a problem, with the errors that one about
// a request that isn't valid has.
func problemSchema(invalid bool) *Schema {
	s := &Schema{
		Name: "Problem", Package: packageName, Types: []string{"object"},
		Description: "What has gone wrong (RFC 9457).",
		Properties: []Property{
			{"type", false, &Schema{Types: []string{"string"}, Format: "uri-reference", Description: "The kind of the problem, about:blank if it isn't there."}},
			{"title", false, stringSchema("The kind of the problem, for people.")},
			{"status", true, &Schema{Types: []string{"integer"}, Minimum: "200", Maximum: "999", Description: "The status of the response."}},
			{"detail", false, stringSchema("This problem, for people.")},
		},
	}
	if !invalid {
		s.Properties = append(s.Properties, Property{"request_id", false, stringSchema("What the service logs the cause under.")})
		return s
	}
	s.Name, s.Description = "InvalidRequest", "What is wrong with the request (RFC 9457)."
	s.Properties = append(s.Properties, Property{"errors", false, &Schema{
		Types: []string{"array"}, Description: "All that is wrong.", Items: &Schema{
			Types: []string{"object"}, Closed: true, Properties: []Property{
				{"pointer", false, stringSchema("The place in the body (RFC 6901).")},
				{"parameter", false, stringSchema("The name of the parameter.")},
				{"in", false, &Schema{Types: []string{"string"}, Enum: []json.RawMessage{
					json.RawMessage(`"path"`), json.RawMessage(`"query"`), json.RawMessage(`"header"`), json.RawMessage(`"cookie"`), json.RawMessage(`"request"`),
				}, Description: "Where the parameter is."}},
				{"detail", true, stringSchema("What is wrong, for people.")},
			},
		},
	}})
	return s
}
