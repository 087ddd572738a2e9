trigger ContactChanges on Contact(after insert, after update, after delete, after undelete) {
    RecordChangePublisher.publish('Contact', Trigger.new, Trigger.oldMap, Trigger.isUndelete);
}
