"""The pages of those who keep the portal: calendar, parameters, audit trail, parked messages. They join the foundations with
`accounts` (who may) and `feedback` (what a change touches), so they stand on the top floor."""
