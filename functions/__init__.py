"""One folder per Lambda function: parse the event, call one flow, shape the answer."""
