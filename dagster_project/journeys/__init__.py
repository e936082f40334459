"""What of people's journeys takes more than SQL: credit by what would be lost without a channel."""
