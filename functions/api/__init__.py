"""The API: audiences, exports, runs and reports over HTTP; what needs the lake is a job."""
