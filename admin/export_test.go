package admin

// For tests, which aren't built from a repository.
var (
	ReadBuildInfo = readBuildInfo
	ProgramName   = programName
)
