//! Deploys a release: into a folder or bucket, over HTTP, or with a tool.
